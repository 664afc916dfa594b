//! `/openapi.json`: the surface, described for machines.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// Answers with the specification, which lies beside this file so that it can be read as it is.
pub(crate) async fn specification() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], SPECIFICATION).into_response()
}

const SPECIFICATION: &str = include_str!("openapi.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::SPECIFICATION;

    /// Every route of the router stands in the specification, and the other way round.
    #[test]
    fn the_specification_and_the_router_name_the_same_paths() {
        let specification: serde_json::Value = serde_json::from_str(SPECIFICATION).unwrap();
        let described: BTreeSet<&str> = specification["paths"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let router = include_str!("mod.rs");
        let routed: BTreeSet<String> = router
            .split(".route(")
            .skip(1)
            .filter_map(|rest| rest.split('"').nth(1))
            .map(|path| {
                let is_outer = ["/metrics", "/health", "/openapi", "/write", "/api/v2"];
                let outside = is_outer.iter().any(|prefix| path.starts_with(prefix));
                if outside && path != "/write" {
                    path.to_owned()
                } else {
                    format!("/api/v1{path}")
                }
            })
            .chain(["/write".to_owned()])
            .collect();
        assert_eq!(described, routed.iter().map(String::as_str).collect());
    }
}
