//! `pganalytics token create | list | revoke`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::Token;
use crate::client::Client;
use crate::failure::Outcome;
use crate::output;

#[derive(Deserialize)]
struct Created {
    id: String,
    token: String,
}

/// Runs the command.
pub(crate) async fn run(call: Token) -> Outcome {
    match call {
        Token::Create {
            role,
            name,
            expires,
            remote,
        } => {
            let body = json!({ "role": role, "name": name, "expires": expires });
            let made: Created = Client::open(&remote)?.post("/api/v1/tokens", &body).await?;
            eprintln!(
                "Token {} of the role {role}; it is not shown again:",
                made.id
            );
            println!("{}", made.token);
            Ok(())
        }
        Token::List { remote, json } => {
            let list: Vec<Value> = Client::open(&remote)?.get("/api/v1/tokens").await?;
            output::listing(
                &list,
                json,
                &[
                    "id", "name", "role", "created", "expires", "revoked", "enrols",
                ],
            )
        }
        Token::Revoke { id, remote } => {
            let path = format!("/api/v1/tokens/{}", output::path_segment(&id));
            Client::open(&remote)?.delete(&path).await?;
            eprintln!("Token {id} is revoked.");
            Ok(())
        }
    }
}
