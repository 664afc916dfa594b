//! Goal: the protocol holds over real QUIC, TLS and sockets on the loopback.
//! Method: a quinn client with certificates of a throwaway authority; every wait is for an event.

mod bench;
mod crowd;
mod door;
mod ends;
mod places;
mod streams;
mod windows;
