//! The first connection: a token and a signing request against a client certificate.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wire::v1::Enrol;
use wire::{FrameDecoder, Limits, Message, Token};

use super::connection::{Route, dial, open, read, within, write};
use super::credentials::Credentials;
use super::exchange;
use super::identity::{Enrolment, Identity};
use crate::Error;

/// Enrols the key of an identity under the name of `collector`.
///
/// # Errors
/// [`Error::Refused`] when the token is used up, expired or revoked; [`Error::Config`] when it was
/// issued for another name; [`Error::Server`] when nobody answers.
pub(crate) async fn enrol(
    identity: &Identity,
    token: &Token,
    addresses: Vec<String>,
    collector: &str,
) -> Result<Enrolment, Error> {
    let route = Route {
        addresses,
        authority_sha256: token.authority,
    };
    let (endpoint, connection) = dial(&route, &Credentials::None).await?;
    let (mut control, mut answers) = open(&connection).await?;
    let request = Message::Enrol(Enrol {
        token: token.to_text(),
        signing_request: identity.signing_request(collector)?,
    });
    write(&mut control, request.encode()?.bytes()).await?;
    let mut decoder = FrameDecoder::new(Limits::default());
    let frame = within(ANSWER_TIMEOUT, read(&mut answers, &mut decoder)).await??;
    let enrolled = exchange::enrolled(&frame)?;
    connection.close(quinn::VarInt::from_u32(0), b"enrolled");
    tokio::time::timeout(CLOSE_TIMEOUT, endpoint.wait_idle())
        .await
        .ok();
    if enrolled.collector != collector {
        let reason = format!("the token was issued for {:?}", enrolled.collector);
        return Err(Error::Config {
            place: "collector.name".into(),
            reason,
        });
    }
    if Sha256::digest(&enrolled.authority).as_slice() != token.authority {
        return Err(Error::Tls {
            reason: "the server's authority is not the token's".into(),
        });
    }
    Ok(Enrolment {
        collector: enrolled.collector,
        certificate: enrolled.certificate,
        route,
        token: Some(token.id.clone()),
    })
}

const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
