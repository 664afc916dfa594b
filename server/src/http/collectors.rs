//! `/api/v1/collectors`: register, list, revoke.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use engine::{CatalogueEdit, CollectorRecord, Role};
use schema::{CollectorName, InstancePattern, Span};
use serde::{Deserialize, Serialize};

use super::{App, Caller, Permission, Problem};
use crate::core::Core;
use crate::identity::{TokenRequest, create_token};
use crate::sightings::{lag_s, state};

/// A collector to be registered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    name: String,
    /// Names, or prefixes followed by `*`; the collector's own name where none are given.
    #[serde(default)]
    instances: Vec<String>,
    /// `host:port` under which the collector reaches this server, instead of the server's own.
    address: Option<String>,
}

/// A collector as the list shows it.
#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    instances: Vec<InstancePattern>,
    state: &'static str,
    last_seen: Option<String>,
    address: Option<String>,
    version: Option<String>,
    lag_s: Option<f64>,
    buffered_bytes: Option<u64>,
    buffered_batches: Option<u64>,
    dropped_batches: Option<u64>,
    skipped_ticks: Option<u64>,
}

/// Registers a collector and returns its enrolment token, which is good once and for 24 hours.
pub(crate) async fn register(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Register>,
) -> Result<Response, Problem> {
    caller.require(Permission::Administer)?;
    let core = app.core()?;
    let name = CollectorName::new(body.name)?;
    if name.as_str().contains(':') {
        return Err(Problem::bad_request("a collector's name holds no colon"));
    }
    let is_taken = core
        .engine
        .catalogue()
        .collector(name.as_str())
        .is_some_and(|c| !c.revoked);
    if is_taken {
        let advice = "revoke it first, or choose another name";
        return Err(Problem::conflict(format!(
            "collector {name} is registered: {advice}"
        )));
    }
    let token = enrolment(core, &name, body.instances, body.address).await?;
    let answer = serde_json::json!({ "name": name, "token": token });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// Makes record and token durable and returns the token's text.
pub(crate) async fn enrolment(
    core: &Core,
    name: &CollectorName,
    instances: Vec<String>,
    address: Option<String>,
) -> Result<String, engine::Error> {
    let now = core.now();
    let instances = if instances.is_empty() {
        vec![name.to_string()]
    } else {
        instances
    };
    let collector = CollectorRecord {
        name: name.clone(),
        instances: instances.into_iter().map(InstancePattern).collect(),
        certificate_sha256: None,
        public_key_sha256: None,
        created: now,
        revoked: false,
    };
    let request = TokenRequest {
        name: format!("enrolment of {name}"),
        role: Role::Writer,
        expires: Some(now.saturating_add(ENROLMENT)),
        enrols: Some(name.clone()),
        authority: core.authority.fingerprint(),
        http: core.addresses.http_urls(),
        quic: address.map_or_else(|| core.addresses.quic_addresses(), |address| vec![address]),
    };
    let (record, token) = create_token(request, core.entropy.as_ref(), now);
    // The token first: a crash in between leaves a token that enrols nobody, and the name free.
    core.engine.edit(CatalogueEdit::PutToken(record))?.await?;
    core.engine
        .edit(CatalogueEdit::PutCollector(collector))?
        .await?;
    Ok(token.to_text())
}

/// Lists every collector with what was last heard of it.
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    caller.require(Permission::Query)?;
    let core = app.core()?;
    let catalogue = core.engine.catalogue();
    let collectors: Vec<Listed> = catalogue.collectors().map(|c| listed(core, c)).collect();
    Ok(Json(collectors).into_response())
}

/// Revokes a collector: its connections are closed, its certificate is refused from now on.
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.require(Permission::Administer)?;
    let core = app.core()?;
    let catalogue = core.engine.catalogue();
    let Some(collector) = catalogue.collector(&name) else {
        return Err(Problem::not_found(format!(
            "there is no collector {name:?}"
        )));
    };
    let edit = CatalogueEdit::RevokeCollector {
        name: collector.name.clone(),
    };
    core.engine.edit(edit)?.await?;
    core.disconnect(&name);
    Ok(StatusCode::NO_CONTENT)
}

fn listed(core: &Core, record: &CollectorRecord) -> Listed {
    let sighting = core.sightings.of(record.name.as_str());
    let status = sighting.as_ref().map(|sighting| sighting.status);
    Listed {
        name: record.name.to_string(),
        instances: record.instances.clone(),
        state: state(record),
        last_seen: sighting.as_ref().map(|s| s.last_seen.to_string()),
        address: sighting.as_ref().map(|s| s.remote.clone()),
        version: sighting.as_ref().map(|s| s.version.clone()),
        lag_s: status.map(|status| lag_s(core.now(), status.oldest_time)),
        buffered_bytes: status.map(|status| status.buffered_bytes),
        buffered_batches: status.map(|status| status.buffered_batches),
        dropped_batches: status.map(|status| status.dropped_batches),
        skipped_ticks: status.map(|status| status.skipped_ticks),
    }
}

const ENROLMENT: Span = Span::from_days(1);
