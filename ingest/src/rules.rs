//! What a peer may write: batches under its own name, of the instances that it was registered for.

use wire::v1::{Refusal, RefusalCode};
use wire::{BatchView, TableView, TagView};

use crate::gate::{Instances, Peer};

/// Checks that the peer may send this batch.
///
/// Serves QUIC and the JSON door alike. Costs one pass over the tuples of tags.
///
/// # Errors
/// A refusal [`RefusalCode::Denied`] that names the collector, table or instance.
pub fn check_batch(peer: &Peer, batch: BatchView<'_>) -> Result<(), Refusal> {
    if !peer.may_write {
        return Err(denied(format!("{:?} may not write", peer.name)));
    }
    if !is_named_by(peer, batch.collector()) {
        let collector = batch.collector();
        let reason = format!("{:?} may not send batches of {collector:?}", peer.name);
        return Err(denied(reason));
    }
    batch
        .tables()
        .try_for_each(|table| check_table(&peer.instances, table))
}

/// Tells whether the peer may number its batches under this name: its own, or, for the holder of a
/// token, its own followed by `:` and anything, so that imports do not share their numbers.
pub(crate) fn is_named_by(peer: &Peer, collector: &str) -> bool {
    match collector.strip_prefix(peer.name.as_str()) {
        Some("") => true,
        Some(rest) => peer.is_import() && rest.starts_with(':'),
        None => false,
    }
}

fn check_table(instances: &Instances, table: TableView<'_>) -> Result<(), Refusal> {
    let Instances::Covered(patterns) = instances else {
        return Ok(());
    };
    let covers = |instance: &str| patterns.iter().any(|pattern| pattern.covers(instance));
    let mut has_tag = false;
    for tag in table.tags().filter(|tag| tag.name() == INSTANCE) {
        has_tag = true;
        if let Some(outside) = first_outside(&tag, &covers) {
            let instance: String = outside.chars().take(128).collect();
            return Err(denied(format!(
                "table {:?}: the collector is not registered for instance {instance:?}",
                table.name(),
            )));
        }
    }
    if has_tag {
        return Ok(());
    }
    let reason = format!("table {:?} has no tag {INSTANCE:?}", table.name());
    Err(denied(reason))
}

/// Returns the instance of the first tuple that is not covered; an empty text where it has none.
fn first_outside<'a>(tag: &TagView<'a>, covers: &dyn Fn(&str) -> bool) -> Option<&'a str> {
    let values = tag.values();
    let covered: Vec<bool> = (0..values.len()).map(|i| covers(values.value(i))).collect();
    let codes = tag.codes().to_codes();
    let value = |code: u32| usize::try_from(code).ok()?.checked_sub(1);
    let is_covered = |code| value(code).and_then(|value| covered.get(value)) == Some(&true);
    let outside = codes.into_iter().find(|code| !is_covered(*code))?;
    Some(value(outside).map_or("", |value| values.value(value)))
}

fn denied(reason: String) -> Refusal {
    Refusal {
        code: RefusalCode::Denied,
        reason,
        retry_after_ms: 0,
    }
}

/// The tag that every row of a collector has.
const INSTANCE: &str = "instance";

#[cfg(test)]
mod tests {
    use schema::{ColumnDefinition, FieldType, InstancePattern};
    use wire::v1::{Batch, Text, Values};
    use wire::{BatchFrame, Limits, TableBuilder};

    use super::*;

    fn collector() -> Peer {
        Peer {
            name: "c1".into(),
            instances: Instances::Covered(vec![
                InstancePattern("orders".into()),
                InstancePattern("eu-*".into()),
            ]),
            may_write: true,
        }
    }

    fn holder() -> Peer {
        Peer {
            name: "import:t7".into(),
            instances: Instances::All,
            may_write: true,
        }
    }

    fn batch(collector: &str, instances: &[Option<&str>]) -> Batch {
        let mut table = TableBuilder::new("t");
        for (time, instance) in (0..).zip(instances) {
            table.begin_row(time);
            let value = table.column(&ColumnDefinition::field("v", FieldType::I64));
            assert!(value.push_i64(1));
            if let Some(instance) = instance {
                assert!(
                    table
                        .column(&ColumnDefinition::tag("instance"))
                        .push_text(instance)
                );
            }
        }
        Batch {
            collector: collector.into(),
            tables: vec![table.finish()],
            ..Batch::default()
        }
    }

    fn verdict(peer: &Peer, batch: &Batch) -> Result<(), String> {
        let frame = BatchFrame::encode(batch, &Limits::default()).unwrap();
        check_batch(peer, frame.view()).map_err(|refusal| {
            assert_eq!(refusal.code, RefusalCode::Denied);
            refusal.reason
        })
    }

    #[test]
    fn a_collector_writes_only_the_instances_it_was_registered_for() {
        let peer = collector();
        assert_eq!(
            verdict(&peer, &batch("c1", &[Some("orders"), Some("eu-1")])),
            Ok(())
        );
        for outside in ["orders-2", "us-1", "", "eu"] {
            let refusal = verdict(&peer, &batch("c1", &[Some("orders"), Some(outside)]));
            assert!(
                refusal
                    .unwrap_err()
                    .contains(&format!("instance {outside:?}"))
            );
        }
        assert!(verdict(&peer, &batch("c1", &[Some("orders"), None])).is_err());
        assert!(
            verdict(&peer, &batch("c1", &[None]))
                .unwrap_err()
                .contains("no tag")
        );
    }

    #[test]
    fn text_that_is_not_coded_is_checked_as_well() {
        let mut sent = batch("c1", &[Some("orders"), Some("orders")]);
        sent.tables[0].columns[1].values = Values::Text(Text {
            offsets: vec![0, 6, 8],
            bytes: b"ordersus".to_vec(),
        });
        assert!(verdict(&collector(), &sent).unwrap_err().contains("\"us\""));
    }

    #[test]
    fn a_second_instance_tag_or_a_field_of_that_name_opens_no_door() {
        let mut twice = batch("c1", &[Some("orders")]);
        let mut other = batch("c1", &[Some("us")]).tables.remove(0);
        let smuggled = other.columns.remove(1);
        twice.tables[0].columns.push(smuggled.clone());
        assert!(verdict(&collector(), &twice).is_err());
        let mut field = batch("c1", &[None]);
        field.tables[0].columns.push(smuggled);
        field.tables[0].columns[1].role = 1;
        assert!(
            verdict(&collector(), &field)
                .unwrap_err()
                .contains("no tag")
        );
    }

    #[test]
    fn batches_bear_the_name_of_their_sender() {
        assert!(verdict(&collector(), &batch("c2", &[Some("orders")])).is_err());
        assert!(verdict(&collector(), &batch("", &[Some("orders")])).is_err());
        assert!(verdict(&collector(), &batch("c1:x", &[Some("orders")])).is_err());
        assert_eq!(verdict(&holder(), &batch("import:t7", &[None])), Ok(()));
        assert_eq!(
            verdict(&holder(), &batch("import:t7:f.csv", &[None])),
            Ok(())
        );
        assert!(verdict(&holder(), &batch("import:t77", &[None])).is_err());
        assert!(verdict(&holder(), &batch("c1", &[None])).is_err());
    }

    #[test]
    fn a_reader_writes_nothing() {
        let peer = Peer {
            may_write: false,
            ..holder()
        };
        assert!(
            verdict(&peer, &batch("import:t7", &[]))
                .unwrap_err()
                .contains("may not write")
        );
    }
}
