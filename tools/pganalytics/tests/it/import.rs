//! `pganalytics import` brings Parquet and CSV files through QUIC, as a collector would.

use crate::harness::{ServerOptions, ServerProcess, run, run_expecting};

#[tokio::test(flavor = "multi_thread")]
async fn csv_and_parquet_come_in_and_go_out_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = ServerProcess::start(&data, &ServerOptions::default());
    let api = server.api();
    let data = data.to_str().unwrap();
    let csv = dir.path().join("cpu.csv");
    let mut text = String::from("at,host,region,usage,busy,count\n");
    for n in 0..10_000 {
        let second = n / 100;
        text += &format!(
            "2026-01-01T00:{:02}:{:02}Z,host-{},{},{}.5,{},{n}\n",
            second / 60,
            second % 60,
            n % 100,
            if n % 2 == 0 { "eu" } else { "us" },
            n % 97,
            n % 3 == 0
        );
    }
    std::fs::write(&csv, text).unwrap();
    let csv = csv.to_str().unwrap();
    run(&[
        "import",
        csv,
        "--table",
        "cpu",
        "--time",
        "at",
        "--tags",
        "host,region",
        "--data",
        data,
    ]);
    assert_eq!(api.number("SELECT count(*) FROM cpu").await, 10_000);
    assert_eq!(
        api.number("SELECT count(DISTINCT host) FROM cpu").await,
        100
    );
    assert_eq!(
        api.number("SELECT sum(count) FROM cpu").await,
        (0..10_000).sum::<i64>()
    );
    let one = api
        .rows("SELECT time, usage, busy FROM cpu WHERE host = 'host-3' ORDER BY time LIMIT 1")
        .await;
    assert_eq!(one[0]["time"], "2026-01-01T00:00:00Z");
    assert_eq!(
        (&one[0]["usage"], &one[0]["busy"]),
        (&3.5.into(), &true.into())
    );

    // The same file again merges with itself: same series, same times.
    run(&[
        "import",
        csv,
        "--table",
        "cpu",
        "--time",
        "at",
        "--tags",
        "host,region",
        "--data",
        data,
    ]);
    assert_eq!(api.number("SELECT count(*) FROM cpu").await, 10_000);

    let parquet = dir.path().join("cpu.parquet");
    let parquet = parquet.to_str().unwrap();
    run(&[
        "sql",
        "SELECT * FROM cpu",
        "--data",
        data,
        "--format",
        "parquet",
        "--output",
        parquet,
    ]);
    let words = [
        "import",
        parquet,
        "--table",
        "again",
        "--time",
        "time",
        "--tags",
        "host,region",
        "--append-only",
        "--data",
        data,
    ];
    run(&words);
    let difference = "SELECT count(*) FROM (SELECT time, host, region, usage, busy, count FROM cpu \
                      EXCEPT SELECT time, host, region, usage, busy, count FROM again) AS missing";
    assert_eq!(api.number(difference).await, 0);
    assert_eq!(api.number("SELECT count(*) FROM again").await, 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_do_not_fit_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = ServerProcess::start(&data, &ServerOptions::default());
    let data = data.to_str().unwrap();
    let csv = dir.path().join("x.csv");
    std::fs::write(&csv, "at,v\nnot a time,1\n").unwrap();
    let csv = csv.to_str().unwrap();
    for words in [
        &["import", csv, "--table", "t", "--time", "at"][..],
        &["import", csv, "--table", "t", "--time", "nothing"],
        &[
            "import", csv, "--table", "t", "--time", "at", "--tags", "nothing",
        ],
        &["import", "/nowhere.csv", "--table", "t", "--time", "at"],
        &["import", csv, "--table", "a/b", "--time", "at"],
    ] {
        let mut words = words.to_vec();
        words.extend(["--data", data]);
        let output = run_expecting(&words, 2);
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: "));
    }
    let tables = server
        .api()
        .rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        .await;
    assert!(tables.is_empty(), "{tables:?}");
}
