//! The object store behind the server: continuous archiving, and backups on demand.

use std::sync::Arc;

use backup::{
    Archive, ArchiveEnvironment, Archiver, BackupKind, BackupRecord, BackupRequest, Location,
    Metrics, Repository, StoreOptions,
};
use engine::Engine;
use parking_lot::Mutex;
use prometheus_client::registry::Registry;
use schema::Lsn;
use seal::Keyring;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::info;

use crate::Error;
use crate::config::BackupSettings;
use crate::store::Machine;

/// A repository to which the log is shipped as it grows.
#[derive(Debug)]
pub(crate) struct Archiving {
    engine: Arc<Engine>,
    repository: Repository,
    environment: ArchiveEnvironment,
    metrics: Arc<Metrics>,
    progress: Archive,
    /// Keeps what is not shipped until the engine is closed, even when archiving has ended before.
    _hold: Arc<wal::Hold>,
    archiver: Mutex<Option<Archiver>>,
    /// Tells the collectors' door how far the log is archived; ends with the archiver.
    forwarder: Mutex<Option<JoinHandle<()>>>,
    archived: watch::Receiver<Option<Lsn>>,
}

impl Archiving {
    /// Starts archiving where a repository is set.
    ///
    /// # Errors
    /// [`Error::Backup`] for a URL that is not one.
    pub(crate) fn start(
        engine: &Engine,
        keyring: &Arc<Keyring>,
        machine: &Machine,
        settings: &BackupSettings,
        registry: &mut Registry,
    ) -> Result<Option<Self>, Error> {
        if settings.url.is_empty() {
            return Ok(None);
        }
        let repository = repository(
            &settings.url,
            &settings.endpoint,
            settings.to_backup(),
            machine,
        )?;
        let metrics = Arc::new(Metrics::default());
        metrics.register(registry);
        let environment = ArchiveEnvironment {
            disk: Arc::clone(&machine.disk),
            clock: Arc::clone(&machine.clock),
            keyring: Arc::clone(keyring),
        };
        let engine = Arc::new(engine.clone());
        let source = Arc::clone(&engine);
        let archiver = Archiver::start(
            source,
            environment.clone(),
            repository.clone(),
            Arc::clone(&metrics),
        );
        let progress = archiver.archive();
        let hold = archiver.hold();
        let (forwarder, archived) = forward(progress.changes());
        info!(url = repository.url(), "archiving the log");
        Ok(Some(Self {
            engine,
            repository,
            environment,
            metrics,
            progress,
            _hold: hold,
            archiver: Mutex::new(Some(archiver)),
            forwarder: Mutex::new(Some(forwarder)),
            archived,
        }))
    }

    /// Returns how far the log is archived, as the collectors' door wants it: always `None` without
    /// a repository.
    pub(crate) fn watch(archiving: Option<&Self>) -> watch::Receiver<Option<Lsn>> {
        match archiving {
            Some(archiving) => archiving.archived.clone(),
            None => watch::channel(None).1,
        }
    }

    /// Takes a backup.
    ///
    /// # Errors
    /// [`Error::Backup`].
    pub(crate) async fn create(&self, kind: BackupKind) -> Result<BackupRecord, Error> {
        let request = BackupRequest {
            store: Arc::<Engine>::clone(&self.engine),
            archive: self.progress.clone(),
            repository: self.repository.clone(),
            environment: self.environment.clone(),
            kind,
            metrics: Arc::clone(&self.metrics),
        };
        Ok(backup::create(request).await?)
    }

    /// Lists the backups.
    ///
    /// # Errors
    /// [`Error::Backup`].
    pub(crate) async fn list(&self) -> Result<Vec<BackupRecord>, Error> {
        Ok(self
            .repository
            .list_backups(&self.environment.keyring)
            .await?)
    }

    /// Tells whether archiving has ended by itself; [`Self::stop`] tells why.
    pub(crate) fn has_ended(&self) -> bool {
        self.archiver
            .lock()
            .as_ref()
            .is_some_and(Archiver::is_finished)
    }

    /// Ships what is durable and ends.
    ///
    /// # Errors
    /// [`Error::Backup`] when archiving had ended before or the last shipment failed; the local log
    /// still holds what is not shipped.
    pub(crate) async fn stop(&self) -> Result<(), Error> {
        let archiver = self.archiver.lock().take();
        let outcome = match archiver {
            Some(archiver) => archiver.stop().await,
            None => Ok(()),
        };
        let forwarder = self.forwarder.lock().take();
        if let Some(forwarder) = forwarder {
            forwarder.await.map_err(|error| Error::Task {
                reason: error.to_string(),
            })?;
        }
        Ok(outcome?)
    }
}

/// Returns a repository at a URL.
///
/// # Errors
/// [`Error::Backup`] for a URL that is not one.
pub fn repository(
    url: &str,
    endpoint: &str,
    settings: backup::Settings,
    machine: &Machine,
) -> Result<Repository, Error> {
    let endpoint = (!endpoint.is_empty()).then(|| endpoint.to_owned());
    let options = StoreOptions {
        endpoint,
        ..StoreOptions::default()
    };
    let location = Location::parse(url, &options, &settings)?;
    Ok(Repository::new(
        location,
        settings,
        Arc::clone(&machine.entropy),
    ))
}

/// Passes the archived position on until its sender is gone.
fn forward(mut changes: watch::Receiver<Lsn>) -> (JoinHandle<()>, watch::Receiver<Option<Lsn>>) {
    let (sender, receiver) = watch::channel(Some(*changes.borrow()));
    let task = tokio::spawn(async move {
        while changes.changed().await.is_ok() {
            sender.send_replace(Some(*changes.borrow_and_update()));
        }
    });
    (task, receiver)
}
