//! The engine as what is backed up and what takes a restored directory over.

use bytes::Bytes;
use schema::Lsn;

use crate::Error;
use crate::archive::LogSource;
use crate::create::{LocalPart, Store, StoreSnapshot};
use crate::manifest::PartName;
use crate::restore::Restored;

impl LogSource for engine::Engine {
    fn log(&self) -> &wal::Log {
        Self::log(self)
    }
}

impl Store for engine::Engine {
    fn pin(&self) -> Result<StoreSnapshot, Error> {
        let pin = self.snapshot();
        let parts = pin.parts().iter().map(|part| {
            Ok(LocalPart {
                id: PartName::try_from(part.id().to_string())?,
                path: part.path().to_owned(),
                bytes: part.bytes(),
            })
        });
        let version = pin.manifest_name().parse().map_err(|_| Error::Damaged {
            object: pin.manifest_name().to_owned(),
            reason: "the name of the store's manifest is no number".to_owned(),
        })?;
        Ok(StoreSnapshot {
            version,
            manifest: Bytes::copy_from_slice(pin.manifest_bytes()),
            parts: parts.collect::<Result<_, Error>>()?,
            flushed_lsn: pin.flushed_lsn(),
            _pin: Box::new(pin),
        })
    }
}

/// Opens a restored directory, which replays its log, and puts what was replayed into parts.
pub(crate) fn recover(restored: Restored) -> Result<(), Error> {
    let Restored {
        environment,
        settings,
    } = restored;
    // The log was cut before: its newest segment has the new timeline, on which the store goes on.
    let open = engine::Engine::open(environment, settings, engine::Recovery::default());
    let flushed = open.and_then(|engine| {
        // The flush would let go of the first segments of the new timeline, which are empty and not
        // archived: the restored server's archiver ships them, and joins its log to the past.
        let hold = engine.log().hold("restore", Lsn::ZERO);
        let closed = engine.flush_and_close();
        drop(hold);
        closed
    });
    flushed.map_err(|source| Error::Engine {
        source: Box::new(source),
    })
}
