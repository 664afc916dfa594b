//! From `host:port` to socket addresses.

use std::net::SocketAddr;

use crate::Error;

/// Looks an address up; a name may have several.
pub(super) async fn resolve(address: &str) -> Result<Vec<SocketAddr>, Error> {
    let unknown = |reason: String| Error::Server {
        reason: format!("{address}: {reason}"),
    };
    let found = tokio::net::lookup_host(address)
        .await
        .map_err(|e| unknown(e.to_string()))?;
    let found: Vec<SocketAddr> = found.collect();
    match found.is_empty() {
        true => Err(unknown("no address".into())),
        false => Ok(found),
    }
}

/// Returns the host of `host:port`, for TLS.
pub(super) fn host(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn hosts_are_cut_from_their_ports() {
        assert_eq!(host("db.example:7443"), "db.example");
        assert_eq!(host("[::1]:7443"), "::1");
        assert_eq!(host("10.0.0.1:1"), "10.0.0.1");
    }
}
