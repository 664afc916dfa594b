//! From a URL to an object store: `s3://`, `gs://`, `az://` and `file:///`.
//!
//! Credentials come from the usual environment of each store and from instance roles; options given
//! by hand go before them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig};

use crate::durable_directory::DurableDirectory;
use crate::{Error, Settings, StoreOptions};

/// An object store and the place in it where a repository lies.
#[derive(Debug, Clone)]
pub struct Location {
    /// The bucket, container or directory.
    pub(crate) store: Arc<dyn ObjectStore>,
    /// What every name in it begins with.
    pub(crate) prefix: Path,
    /// The URL, for messages.
    pub(crate) url: String,
}

impl Location {
    /// Returns the place that a URL names. No request is made; a `file:///` directory is created.
    ///
    /// # Errors
    /// [`Error::Url`] for another scheme, a missing bucket or unusable options, [`Error::Store`]
    /// when a directory cannot be made.
    pub fn parse(url: &str, options: &StoreOptions, settings: &Settings) -> Result<Self, Error> {
        let invalid = |reason: &str| Error::Url {
            url: url.to_owned(),
            reason: reason.to_owned(),
        };
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| invalid("use s3://, gs://, az:// or file:///"))?;
        if scheme == "file" {
            return directory(url, rest);
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(invalid("the name of the bucket is missing"));
        }
        let store = match scheme {
            "s3" => s3(bucket, options, settings),
            "gs" => gcs(bucket, options, settings),
            "az" => azure(bucket, options, settings),
            _ => return Err(invalid("use s3://, gs://, az:// or file:///")),
        };
        Ok(Self {
            store: store.map_err(|e| invalid(&e.to_string()))?,
            prefix: Path::parse(prefix.trim_matches('/')).map_err(|e| invalid(&e.to_string()))?,
            url: url.to_owned(),
        })
    }

    /// Returns a place in a store that the caller made.
    #[must_use]
    pub fn of_store(store: Arc<dyn ObjectStore>, prefix: Path) -> Self {
        let url = store.to_string();
        Self { store, prefix, url }
    }
}

fn directory(url: &str, rest: &str) -> Result<Location, Error> {
    let invalid = |reason: String| Error::Url {
        url: url.to_owned(),
        reason,
    };
    if !rest.starts_with('/') {
        return Err(invalid("a directory is written file:///path".to_owned()));
    }
    let path = percent_decoded(rest).ok_or_else(|| invalid("its % escapes are no text".into()))?;
    let store = DurableDirectory::create(&PathBuf::from(path)).map_err(|source| Error::Store {
        operation: "create",
        object: url.to_owned(),
        source,
    })?;
    Ok(Location {
        store: Arc::new(store),
        prefix: Path::default(),
        url: url.to_owned(),
    })
}

/// Returns a client that finds buckets by path, which every compatible store understands.
fn s3(bucket: &str, options: &StoreOptions, settings: &Settings) -> Built {
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
    for (key, value) in &options.values {
        builder = builder.with_config(key.parse::<AmazonS3ConfigKey>()?, value);
    }
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    let endpoints = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint];
    let endpoint = endpoints
        .iter()
        .find_map(|key| builder.get_config_value(key));
    for (key, value) in client(endpoint.as_deref(), settings) {
        builder = builder.with_config(AmazonS3ConfigKey::Client(key), value);
    }
    Ok(Arc::new(builder.with_retry(retry()).build()?))
}

fn gcs(bucket: &str, options: &StoreOptions, settings: &Settings) -> Built {
    let mut builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket);
    for (key, value) in &options.values {
        builder = builder.with_config(key.parse::<GoogleConfigKey>()?, value);
    }
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_base_url(endpoint);
    }
    for (key, value) in client(options.endpoint.as_deref(), settings) {
        builder = builder.with_config(GoogleConfigKey::Client(key), value);
    }
    Ok(Arc::new(builder.with_retry(retry()).build()?))
}

fn azure(container: &str, options: &StoreOptions, settings: &Settings) -> Built {
    let mut builder = MicrosoftAzureBuilder::from_env().with_container_name(container);
    for (key, value) in &options.values {
        builder = builder.with_config(key.parse::<AzureConfigKey>()?, value);
    }
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint.clone());
    }
    let endpoint = builder.get_config_value(&AzureConfigKey::Endpoint);
    for (key, value) in client(endpoint.as_deref(), settings) {
        builder = builder.with_config(AzureConfigKey::Client(key), value);
    }
    Ok(Arc::new(builder.with_retry(retry()).build()?))
}

/// Returns options that let no request hang, and allow `http` where the endpoint says so.
///
/// They are set one by one, so that what the environment says beside (a proxy, say) stays.
fn client(endpoint: Option<&str>, settings: &Settings) -> Vec<(ClientConfigKey, String)> {
    let timeout = format!("{}ms", settings.request_timeout_ms);
    let mut options = vec![
        (ClientConfigKey::Timeout, timeout),
        (ClientConfigKey::ConnectTimeout, CONNECT_TIMEOUT.to_owned()),
    ];
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        options.push((ClientConfigKey::AllowHttp, "true".to_owned()));
    }
    options
}

/// Few retries here: ours, which read back what they do not know, stand around them.
fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: 2,
        retry_timeout: Duration::from_secs(30),
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digits = [bytes.next()?, bytes.next()?].map(|digit| char::from(digit).to_digit(16));
        let [high, low] = digits;
        out.push(u8::try_from(high? << 4 | low?).ok()?);
    }
    String::from_utf8(out)
        .ok()
        .filter(|text| !text.contains('\0'))
}

type Built = Result<Arc<dyn ObjectStore>, object_store::Error>;

const CONNECT_TIMEOUT: &str = "10s";

#[cfg(test)]
mod tests {
    use super::{Location, percent_decoded};
    use crate::{Error, Settings, StoreOptions};

    fn parse(url: &str) -> Result<Location, Error> {
        Location::parse(url, &StoreOptions::default(), &Settings::default())
    }

    #[test]
    fn what_names_no_repository_is_refused() {
        for url in [
            "",
            "/var/backups",
            "s3:bucket",
            "s3://",
            "s3:///prefix",
            "ftp://host/x",
            "file://relative/path",
            "file:///tmp/%zz",
            "s3://bucket/a//b",
        ] {
            assert!(matches!(parse(url), Err(Error::Url { .. })), "{url}");
        }
    }

    #[test]
    fn bucket_and_prefix_are_told_apart() {
        for (url, prefix) in [
            ("s3://bucket", ""),
            ("s3://bucket/", ""),
            ("s3://bucket/a/b/", "a/b"),
        ] {
            assert_eq!(parse(url).unwrap().prefix.as_ref(), prefix);
        }
    }

    #[test]
    fn an_unknown_option_is_named() {
        let mut options = StoreOptions::default();
        options.values.insert("aws_colour".into(), "blue".into());
        let error = Location::parse("s3://bucket", &options, &Settings::default()).unwrap_err();
        assert!(error.to_string().contains("aws_colour"), "{error}");
        assert!(!error.to_string().contains("blue"), "{error}");
    }

    #[test]
    fn a_path_may_be_escaped() {
        assert_eq!(percent_decoded("/a%20b").as_deref(), Some("/a b"));
        assert_eq!(percent_decoded("/a%2"), None);
        assert_eq!(percent_decoded("/a%00b"), None);
    }
}
