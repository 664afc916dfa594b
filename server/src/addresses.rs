//! Where this server is reached: what it listens on, and what it tells others.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::config::Settings;

/// The doors' addresses, as they really are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The HTTP door.
    pub http: SocketAddr,
    /// Whether HTTP is protected by TLS.
    pub is_https: bool,
    /// The collectors' door.
    pub quic: SocketAddr,
    http_advertised: Vec<String>,
    quic_advertised: Vec<String>,
}

impl Addresses {
    /// Returns the addresses of doors that are open.
    pub(crate) fn new(
        settings: &Settings,
        http: SocketAddr,
        is_https: bool,
        quic: SocketAddr,
    ) -> Self {
        Self {
            http,
            is_https,
            quic,
            http_advertised: settings.http.advertise.clone(),
            quic_advertised: settings.quic.advertise.clone(),
        }
    }

    /// Returns base URLs for clients: the advertised ones, or the one that was bound.
    pub fn http_urls(&self) -> Vec<String> {
        let scheme = if self.is_https { "https" } else { "http" };
        let url = |host: String| format!("{scheme}://{host}");
        if self.http_advertised.is_empty() {
            return vec![url(reachable(self.http).to_string())];
        }
        self.http_advertised
            .iter()
            .map(|host| url(with_port(host, self.http.port())))
            .collect()
    }

    /// Returns `host:port` for collectors, likewise.
    pub fn quic_addresses(&self) -> Vec<String> {
        if self.quic_advertised.is_empty() {
            return vec![reachable(self.quic).to_string()];
        }
        self.quic_advertised
            .iter()
            .map(|host| with_port(host, self.quic.port()))
            .collect()
    }

    /// Returns the names that the server's certificate must carry.
    pub(crate) fn certificate_names(settings: &Settings) -> Vec<String> {
        let mut names = vec![
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "::1".to_owned(),
        ];
        let given = settings
            .http
            .advertise
            .iter()
            .chain(&settings.quic.advertise);
        let listened = [&settings.http.listen, &settings.quic.listen];
        for host in given.chain(listened) {
            let host = without_port(host).to_owned();
            if !host.is_empty() && host != "0.0.0.0" && host != "::" && !names.contains(&host) {
                names.push(host);
            }
        }
        names
    }
}

/// Returns the address under which a machine reaches itself: loopback for an unspecified one.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        _ => address,
    }
}

fn without_port(host: &str) -> &str {
    if let Ok(address) = host.parse::<SocketAddr>() {
        let end = host.rfind(':').unwrap_or(host.len());
        let bare = host.get(..end).unwrap_or(host);
        return if address.is_ipv6() {
            bare.trim_matches(['[', ']'])
        } else {
            bare
        };
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() && !name.contains(':') => name,
        _ => host,
    }
}

fn with_port(host: &str, port: u16) -> String {
    if without_port(host) == host {
        format!("{host}:{port}")
    } else {
        host.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(settings: &Settings) -> Addresses {
        let http = "127.0.0.1:8080".parse().unwrap();
        Addresses::new(settings, http, false, "0.0.0.0:7443".parse().unwrap())
    }

    #[test]
    fn an_unspecified_address_is_told_as_loopback() {
        let addresses = addresses(&Settings::default());
        assert_eq!(addresses.http_urls(), ["http://127.0.0.1:8080"]);
        assert_eq!(addresses.quic_addresses(), ["127.0.0.1:7443"]);
    }

    #[test]
    fn advertised_names_get_the_port_and_go_into_the_certificate() {
        let mut settings = Settings::default();
        settings.quic.advertise = vec!["db.example".into(), "other:9".into()];
        assert_eq!(
            addresses(&settings).quic_addresses(),
            ["db.example:7443", "other:9"]
        );
        let names = Addresses::certificate_names(&settings);
        assert!(names.contains(&"db.example".to_owned()) && names.contains(&"other".to_owned()));
        assert!(!names.contains(&"0.0.0.0".to_owned()));
    }
}
