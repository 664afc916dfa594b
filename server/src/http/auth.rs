//! Who asks, and what that token may do.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::Role;
use wire::{Token, TokenKind};

use super::{App, Problem};
use crate::core::Core;
use crate::identity::find_token;

/// What a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Read rows.
    Query,
    /// Write rows.
    Write,
    /// Maintenance, backups, tables.
    Operate,
    /// Tokens and collectors.
    Administer,
}

impl Permission {
    /// Tells whether a role has this permission.
    ///
    /// | | reader | writer | operator | admin |
    /// |---|---|---|---|---|
    /// | query | ✔ | | ✔ | ✔ |
    /// | write | | ✔ | ✔ | ✔ |
    /// | operate | | | ✔ | ✔ |
    /// | administer | | | | ✔ |
    pub(crate) fn is_given_to(self, role: Role) -> bool {
        match self {
            Self::Query => role != Role::Writer,
            Self::Write => role != Role::Reader,
            Self::Operate => matches!(role, Role::Operator | Role::Admin),
            Self::Administer => role == Role::Admin,
        }
    }
}

/// The caller of a request, proven by a token.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The id of the token, for logs and idempotency.
    pub(crate) token_id: String,
    role: Role,
}

impl Caller {
    /// Refuses unless the token's role has the permission.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn require(&self, permission: Permission) -> Result<(), Problem> {
        if permission.is_given_to(self.role) {
            return Ok(());
        }
        let needed = match permission {
            Permission::Query => "reader, operator or admin",
            Permission::Write => "writer, operator or admin",
            Permission::Operate => "operator or admin",
            Permission::Administer => "admin",
        };
        Err(Problem::forbidden(format!(
            "this call needs a token of the role {needed}"
        )))
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        authenticate(app.core()?, &parts.headers)
    }
}

fn authenticate(core: &Core, headers: &HeaderMap) -> Result<Caller, Problem> {
    let Some(text) = presented(headers) else {
        return Err(Problem::unauthorised(
            "send a token: Authorization: Bearer TOKEN, or Basic with the token as password",
        ));
    };
    let token =
        Token::from_text(&text).map_err(|error| Problem::unauthorised(error.to_string()))?;
    if token.kind != TokenKind::Api {
        return Err(Problem::unauthorised(
            "an enrolment token only enrols a collector, over QUIC",
        ));
    }
    let catalogue = core.engine.catalogue();
    let record = find_token(&catalogue, &token, core.now())
        .map_err(|error| Problem::unauthorised(error.to_string()))?;
    Ok(Caller {
        token_id: record.id.clone(),
        role: record.role,
    })
}

/// Returns the token's text out of a Bearer, Basic or Influx `Token` header.
fn presented(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    pair.split_once(':')
        .map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};
    use engine::Role;

    use super::{Permission, presented};

    fn header(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(super::AUTHORIZATION, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn tokens_come_as_bearer_basic_password_or_influx_token() {
        for value in [
            "Bearer pga_x",
            "bearer pga_x",
            "Token pga_x",
            "Basic dXNlcjpwZ2FfeA==",
        ] {
            assert_eq!(
                presented(&header(value)).as_deref(),
                Some("pga_x"),
                "{value}"
            );
        }
        for value in ["pga_x", "Digest pga_x", "Basic !!", "Basic bm9jb2xvbg=="] {
            assert_eq!(presented(&header(value)), None, "{value}");
        }
    }

    #[test]
    fn roles_have_what_the_table_says() {
        use Permission::{Administer, Operate, Query, Write};
        let may = |role| [Query, Write, Operate, Administer].map(|p| p.is_given_to(role));
        assert_eq!(may(Role::Reader), [true, false, false, false]);
        assert_eq!(may(Role::Writer), [false, true, false, false]);
        assert_eq!(may(Role::Operator), [true, true, true, false]);
        assert_eq!(may(Role::Admin), [true, true, true, true]);
    }
}
