//! What a cluster should be like.

/// How a cluster is to be started; the default is what the collector's tests need.
#[derive(Debug, Clone)]
pub struct Options {
    /// The major version, or the newest installed.
    pub major_version: Option<u32>,
    /// Lines of `postgresql.conf` beyond the port and the addresses: name and value.
    pub settings: Vec<(String, String)>,
    /// Lines put in front of `pg_hba.conf`.
    pub host_rules: Vec<String>,
    /// Certificate and key in PEM; with them the server offers TLS.
    pub tls: Option<Tls>,
}

/// The server's certificate and its key.
#[derive(Clone)]
pub struct Tls {
    /// The certificate chain, PEM.
    pub certificate: String,
    /// The private key, PEM.
    pub key: String,
}

impl Options {
    /// Returns these options with a setting more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Returns these options with a host rule more.
    #[must_use]
    pub fn with_host_rule(mut self, rule: &str) -> Self {
        self.host_rules.push(rule.into());
        self
    }

    /// Returns these options with TLS.
    #[must_use]
    pub fn with_tls(mut self, certificate: String, key: String) -> Self {
        self.tls = Some(Tls { certificate, key });
        self
    }

    /// Returns the lines of `postgresql.conf`.
    pub(crate) fn configuration(&self, port: u16, socket_dir: &str) -> String {
        let mut lines = vec![
            format!("port = {port}"),
            "listen_addresses = '127.0.0.1'".into(),
            format!("unix_socket_directories = '{socket_dir}'"),
        ];
        if self.tls.is_some() {
            lines.push("ssl = on".into());
        }
        for (name, value) in &self.settings {
            lines.push(format!("{name} = '{}'", value.replace('\'', "''")));
        }
        lines.join("\n") + "\n"
    }
}

impl Default for Options {
    /// Statistics on, `pg_stat_statements` loaded, no waiting for disks.
    fn default() -> Self {
        let settings = [
            ("shared_preload_libraries", "pg_stat_statements"),
            ("compute_query_id", "on"),
            ("track_io_timing", "on"),
            ("fsync", "off"),
            ("synchronous_commit", "off"),
            ("full_page_writes", "off"),
            ("max_connections", "40"),
            ("shared_buffers", "16MB"),
        ];
        Self {
            major_version: None,
            settings: settings
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            host_rules: Vec::new(),
            tls: None,
        }
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
