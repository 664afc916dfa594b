//! Files for `import`: read by their ending, in their order; and never by SQL.

use std::io::Write;

use futures::StreamExt;
use query::{Error, Format, Request, read_file};

use crate::harness::{Server, cpu};

fn write(path: &std::path::Path, bytes: &[u8]) {
    std::fs::File::create(path)
        .unwrap()
        .write_all(bytes)
        .unwrap();
}

async fn rows_of(path: &std::path::Path) -> Result<(Vec<String>, usize), Error> {
    let mut rows = read_file(path).await?;
    let names = rows
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let mut count = 0;
    while let Some(batch) = rows.next().await {
        count += batch?.num_rows();
    }
    Ok((names, count))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_query_exports_can_be_imported() {
    let server = Server::new();
    server.write(cpu(0..5)).await;
    let dir = tempfile::tempdir().unwrap();
    for (format, name) in [(Format::Csv, "rows.csv"), (Format::Parquet, "rows.parquet")] {
        let sql = "select time, host, usage from cpu order by time, usage";
        let request = Request {
            sql: sql.into(),
            format,
            ..Request::default()
        };
        let answer = server.query.run(request).await.unwrap();
        let body: Vec<_> = answer.body.map(|chunk| chunk.unwrap()).collect().await;
        let path = dir.path().join(name);
        write(&path, &body.concat());
        let (names, count) = rows_of(&path).await.unwrap();
        assert_eq!(
            (names.join(","), count),
            ("time,host,usage".into(), 60),
            "{name}"
        );
        let refused = server
            .try_rows(&format!("select * from '{}'", path.display()))
            .await;
        assert_eq!(refused.unwrap_err().status(), 400);
    }
}

#[tokio::test]
async fn what_is_no_such_file_is_refused_with_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let damaged = dir.path().join("damaged.parquet");
    write(&damaged, b"PAR1 but not really");
    for path in [
        damaged,
        dir.path().join("absent.csv"),
        dir.path().join("rows.txt"),
    ] {
        let error = rows_of(&path).await.unwrap_err();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            matches!(&error, Error::File { .. }) && error.to_string().contains(name),
            "{error}"
        );
    }
}
