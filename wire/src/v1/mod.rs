//! Version 1 of every body: flat structs of scalars, strings and vectors, nothing else.
//!
//! **Invariant:** no `Rc`, no maps, no recursion (advisories RUSTSEC-2026-0233 to 0235 and an open
//! stack overflow in rkyv): validation then needs constant stack. A changed type is a new module.

mod batch;
mod message;
pub(crate) mod packed;

pub use batch::{Batch, Column, Dictionary, Table, Text, Values};
pub use message::{
    Ack, Archived, Enrol, Enrolled, Hello, Message, Refusal, RefusalCode, Status, Welcome,
};
