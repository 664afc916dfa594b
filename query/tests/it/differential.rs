//! The same answers from memory alone, from parts alone, and from both.

use crate::harness::{Server, cpu};

const SHAPES: [&str; 17] = [
    "select * from cpu",
    "select time, usage from cpu where host = 'host-2' and core = '1'",
    "select count(*) from cpu",
    "select count(*), min(time), max(time), sum(calls), count(note) from cpu",
    "select host, core, count(*), avg(usage), sum(calls) from cpu group by host, core",
    "select time_bucket(interval '1 minute', time) m, host, max(usage) from cpu group by m, host",
    "select host, first(usage, time), last(note, time) from cpu where core = '0' group by host",
    "select host, core, increase(calls, time), rate(calls, time), delta(usage, time) from cpu group by host, core",
    "select time, host, core, usage from cpu order by usage desc, time, host, core limit 25",
    "select distinct on (host, core) host, core, time, usage from cpu order by host, core, time desc",
    "select count(*) from cpu where host is null or core like '%2'",
    "select count(*) from cpu where note is not null and usage > 50",
    "select host, core, count(*) from cpu group by grouping sets ((host), (core), (host, core), ())",
    "select a.host, count(*) from cpu a join cpu b on a.time = b.time and a.host = b.host and a.core = b.core group by a.host",
    "select time, core, usage - lag(usage) over (partition by host, core order by time) d from cpu where host = 'host-1'",
    "select count(*) from cpu where time between '2025-12-31T23:58:20Z' and '2025-12-31T23:59:10.5Z'",
    "select count(*) from (select * from cpu limit 7)",
];

#[tokio::test(flavor = "multi_thread")]
async fn memory_parts_and_both_answer_alike() {
    let (memory, parts, both) = (Server::new(), Server::new(), Server::new());
    memory.write(cpu(0..180)).await;
    for (server, pieces) in [
        (&parts, [0..60, 60..120, 120..180]),
        (&both, [120..180, 50..120, 0..60]),
    ] {
        for (index, seconds) in pieces.into_iter().enumerate() {
            server.write(cpu(seconds)).await;
            if std::ptr::eq(server, &parts) || index == 0 {
                server.engine.flush().unwrap();
            }
        }
    }
    for sql in SHAPES {
        let expected = memory.sorted(sql).await;
        assert!(!expected.is_empty(), "{sql}");
        assert_eq!(parts.sorted(sql).await, expected, "parts: {sql}");
        assert_eq!(both.sorted(sql).await, expected, "both: {sql}");
    }
    parts.engine.compact().unwrap();
    for sql in SHAPES {
        assert_eq!(
            parts.sorted(sql).await,
            memory.sorted(sql).await,
            "compacted: {sql}"
        );
    }
}
