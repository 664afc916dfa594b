//! Which texts pass as one reading statement.
//! whatever is not reading is refused here, by the parser's tree and again by the plan.

use super::{Position, parse};
use crate::Error;

fn refused(sql: &str) -> Error {
    parse(sql, 1_000).expect_err(sql)
}

#[test]
fn queries_explain_show_and_describe_pass() {
    for sql in [
        "select 1",
        "select 1;",
        "with a as (select 1) select * from a union all values (2)",
        "values (1), (2)",
        "explain select 1",
        "explain analyze verbose select 1",
        "explain (analyze, format tree) select 1",
        "show tables",
        "show columns from cpu",
        "show time zone",
        "show all",
        "describe cpu",
    ] {
        assert!(parse(sql, 1_000).is_ok(), "{sql}: {:?}", parse(sql, 1_000));
    }
}

#[test]
fn whatever_writes_sets_or_reaches_outside_is_refused() {
    for sql in [
        "drop table cpu",
        "create table a as select 1",
        "create view a as select 1",
        "create external table a stored as csv location '/etc/passwd'",
        "insert into cpu select 1",
        "update cpu set a = 1",
        "delete from cpu",
        "truncate table cpu",
        "copy cpu to '/tmp/a.csv'",
        "copy cpu from '/tmp/a.csv'",
        "explain analyze copy cpu to '/tmp/a.csv'",
        "explain insert into cpu select 1",
        "set datafusion.execution.batch_size = 1",
        "reset datafusion.execution.batch_size",
        "begin",
        "prepare a as select 1",
        "execute a",
        "with a as (insert into cpu select 1 returning *) select * from a",
        "select 1 into a",
        "select * from cpu for update",
        "call a()",
        "load 'x'",
    ] {
        let error = refused(sql);
        assert!(
            matches!(error, Error::ReadOnly { .. } | Error::Sql { .. }),
            "{sql}: {error:?}"
        );
    }
    assert!(matches!(refused("drop table cpu"), Error::ReadOnly { .. }));
}

#[test]
fn a_second_statement_is_refused_and_a_writing_one_as_such() {
    let error = refused("select 1; select 2");
    assert_eq!(error.title(), "several statements");
    let error = refused("select 1; drop table cpu");
    assert!(matches!(error, Error::ReadOnly { .. }), "{error:?}");
    assert_eq!(refused("  ; ").title(), "no statement");
}

#[test]
fn a_syntax_error_has_line_and_column() {
    let error = refused("select a,\n  from cpu where");
    assert_eq!(error.title(), "syntax error");
    assert!(error.position().is_some(), "{error:?}");
    let error = refused("select * frm cpu");
    let expected = Position {
        line: 1,
        column: 14,
    };
    assert_eq!(error.position(), Some(expected), "{error:?}");
}

#[test]
fn an_unfinished_text_points_to_its_end() {
    let error = refused("select (1");
    let expected = Position {
        line: 1,
        column: 10,
    };
    assert_eq!(error.position(), Some(expected), "{error:?}");
}

#[test]
fn a_text_that_is_too_long_names_the_limit() {
    let error = parse(&"x".repeat(101), 100).unwrap_err();
    assert!(error.to_string().contains("sql_bytes_max = 100"), "{error}");
}

#[test]
fn a_text_of_too_many_words_is_refused_but_not_a_long_list() {
    let chain = format!("select 1{}", " + 1".repeat(super::WORDS_MAX));
    let error = parse(&chain, usize::MAX).unwrap_err();
    assert!(error.to_string().contains("words and operators"), "{error}");
    let list = format!("select 1 in (1{})", ", 'a', 1".repeat(super::WORDS_MAX));
    assert!(parse(&list, usize::MAX).is_ok());
}

#[test]
fn deep_nesting_is_refused_not_survived_by_luck() {
    let sql = format!("select {}1{}", "(".repeat(400), ")".repeat(400));
    assert!(matches!(refused(&sql), Error::Sql { .. }));
}
