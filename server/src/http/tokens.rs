//! `/api/v1/tokens`: make, list and revoke bearer tokens.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use engine::{CatalogueEdit, Role, TokenRecord};
use schema::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::{App, Caller, Permission, Problem};
use crate::identity::{TokenRequest, create_token};

/// What a new token is to be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Create {
    role: Role,
    #[serde(default)]
    name: String,
    /// From now on, such as `30d`; never without.
    expires: Option<Span>,
}

/// A token as lists show it, without its secret.
#[derive(Debug, Serialize)]
struct Listed {
    id: String,
    name: String,
    role: Role,
    created: String,
    expires: Option<String>,
    revoked: bool,
    enrols: Option<String>,
}

/// Makes a token; the answer is the only place where its text ever stands.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Create>,
) -> Result<Response, Problem> {
    caller.require(Permission::Administer)?;
    let core = app.core()?;
    let now = core.now();
    let request = TokenRequest {
        name: body.name,
        role: body.role,
        expires: body.expires.map(|span| now.saturating_add(span)),
        enrols: None,
        authority: core.authority.fingerprint(),
        http: core.addresses.http_urls(),
        quic: core.addresses.quic_addresses(),
    };
    let (record, token) = create_token(request, core.entropy.as_ref(), now);
    let id = record.id.clone();
    core.engine.edit(CatalogueEdit::PutToken(record))?.await?;
    let answer = serde_json::json!({ "id": id, "token": token.to_text() });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// Lists every token.
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    caller.require(Permission::Administer)?;
    let catalogue = app.core()?.engine.catalogue();
    let tokens: Vec<Listed> = catalogue.tokens().map(listed).collect();
    Ok(Json(tokens).into_response())
}

/// Revokes a token; the next request that shows it is refused.
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.require(Permission::Administer)?;
    let core = app.core()?;
    if core.engine.catalogue().token(&id).is_none() {
        return Err(Problem::not_found(format!("there is no token {id:?}")));
    }
    let import = format!("import:{id}");
    core.engine.edit(CatalogueEdit::RevokeToken { id })?.await?;
    core.disconnect(&import);
    Ok(StatusCode::NO_CONTENT)
}

fn listed(record: &TokenRecord) -> Listed {
    Listed {
        id: record.id.clone(),
        name: record.name.clone(),
        role: record.role,
        created: record.created.to_string(),
        expires: record.expires.as_ref().map(Timestamp::to_string),
        revoked: record.revoked,
        enrols: record.enrols.as_ref().map(ToString::to_string),
    }
}
