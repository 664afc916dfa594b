//! The connections that are open, by the name of their peer.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use quinn::{Connection, VarInt};

use crate::exchange::Code;

/// Names and connections; locked for a moment at a time, never across a wait.
#[derive(Debug)]
pub(super) struct Registry {
    places: Mutex<Places>,
    /// Most connections of all names (E-3).
    connections_max: usize,
}

#[derive(Debug, Default)]
struct Places {
    by_name: HashMap<String, Vec<Connection>>,
    taken: usize,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// All are taken.
    Full,
    /// The name has as many as it may.
    Name,
}

/// A place in the registry; dropping it gives it up.
#[derive(Debug)]
pub(super) struct Lease {
    registry: Arc<Registry>,
    name: String,
    stable_id: usize,
}

impl Registry {
    /// Returns a registry with so many places.
    pub(super) fn new(connections_max: usize) -> Self {
        Self {
            places: Mutex::default(),
            connections_max,
        }
    }

    /// Enters a connection, unless there are `limit` of that name or no place at all.
    pub(super) fn admit(
        self: &Arc<Self>,
        name: &str,
        limit: usize,
        connection: &Connection,
    ) -> Result<Lease, NoPlace> {
        let mut places = self.places.lock();
        let of_name = places.by_name.get(name).map_or(0, Vec::len);
        if of_name >= limit {
            return Err(NoPlace::Name);
        }
        if places.taken >= self.connections_max {
            return Err(NoPlace::Full);
        }
        places.taken += 1;
        let connections = places.by_name.entry(name.to_owned()).or_default();
        connections.push(connection.clone());
        Ok(Lease {
            registry: Arc::clone(self),
            name: name.to_owned(),
            stable_id: connection.stable_id(),
        })
    }

    /// Closes every connection of that name and returns how many there were.
    pub(super) fn disconnect(&self, name: &str) -> usize {
        let connections = self
            .places
            .lock()
            .by_name
            .get(name)
            .cloned()
            .unwrap_or_default();
        for connection in &connections {
            connection.close(VarInt::from_u32(Code::Revoked as u32), b"revoked");
        }
        connections.len()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut places = self.registry.places.lock();
        places.taken -= 1;
        if let Some(connections) = places.by_name.get_mut(&self.name) {
            connections.retain(|connection| connection.stable_id() != self.stable_id);
            if connections.is_empty() {
                places.by_name.remove(&self.name);
            }
        }
    }
}
