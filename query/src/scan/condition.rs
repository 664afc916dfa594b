//! Which filters the scan takes on: ranges of time, and whatever looks at one tag alone.

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};
use schema::{TIME_COLUMN, TableDefinition, TimeRange, Timestamp};

/// A filter that the scan can apply exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Only rows of this stretch of time.
    Time(TimeRange),
    /// Only series whose tag, by position among the tags, passes the filter.
    Tag(usize),
}

impl Condition {
    /// Returns what the filter means to a scan of the table, if anything.
    pub(crate) fn of(filter: &Expr, table: &TableDefinition) -> Option<Self> {
        if let Some(range) = time_range(filter) {
            return Some(Self::Time(range));
        }
        let columns = filter.column_refs();
        let mut names = columns.iter().map(|column| column.name.as_str());
        let tag = table.tag_index(names.next()?)?;
        let alone = names.next().is_none();
        (alone && !filter.is_volatile() && cannot_fail(filter)).then_some(Self::Tag(tag))
    }
}

fn time_range(filter: &Expr) -> Option<TimeRange> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            if *op == Operator::And {
                return Some(time_range(left)?.intersect(&time_range(right)?));
            }
            if is_time(left) {
                return compared(*op, moment(right)?);
            }
            if is_time(right) {
                return compared(op.swap()?, moment(left)?);
            }
            None
        }
        Expr::Between(Between {
            expr,
            negated: false,
            low,
            high,
        }) if is_time(expr) => {
            let from = compared(Operator::GtEq, moment(low)?)?;
            Some(from.intersect(&compared(Operator::LtEq, moment(high)?)?))
        }
        _ => None,
    }
}

fn compared(op: Operator, nanos: i64) -> Option<TimeRange> {
    // The last nanosecond of all time is never stored: rows are refused ten minutes ahead of now.
    let next = nanos.saturating_add(1);
    let (start, end) = match op {
        Operator::Eq => (nanos, next),
        Operator::Lt => (i64::MIN, nanos),
        Operator::LtEq => (i64::MIN, next),
        Operator::Gt => (next, i64::MAX),
        Operator::GtEq => (nanos, i64::MAX),
        _ => return None,
    };
    Some(TimeRange {
        start: Timestamp::from_nanos(start),
        end: Timestamp::from_nanos(end),
    })
}

fn is_time(expr: &Expr) -> bool {
    matches!(expr, Expr::Column(column) if column.name == TIME_COLUMN)
}

fn moment(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(ScalarValue::TimestampNanosecond(Some(nanos), _), _) => Some(*nanos),
        _ => None,
    }
}

// The filter runs over every value of the tag, also of series that other filters leave out; one that
// can fail (a cast to a number) would then refuse a query that is right, so it stays with the rows.
fn cannot_fail(filter: &Expr) -> bool {
    let mut safe = true;
    let walked = filter.apply(|expr| {
        safe &= match expr {
            Expr::Column(_)
            | Expr::Literal(..)
            | Expr::Alias(_)
            | Expr::Like(_)
            | Expr::InList(_)
            | Expr::Between(_)
            | Expr::Not(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNotFalse(_)
            | Expr::IsNotUnknown(_)
            | Expr::TryCast(_)
            | Expr::Case(_) => true,
            Expr::BinaryExpr(binary) => !is_arithmetic(binary.op),
            Expr::Cast(cast) => cast.field.data_type().is_string(),
            Expr::ScalarFunction(function) => SAFE_FUNCTIONS.contains(&function.name()),
            _ => false,
        };
        Ok(if safe {
            TreeNodeRecursion::Continue
        } else {
            TreeNodeRecursion::Stop
        })
    });
    walked.is_ok() && safe
}

fn is_arithmetic(op: Operator) -> bool {
    matches!(
        op,
        Operator::Plus
            | Operator::Minus
            | Operator::Multiply
            | Operator::Divide
            | Operator::Modulo
            | Operator::IntegerDivide
    )
}

const SAFE_FUNCTIONS: [&str; 17] = [
    "btrim",
    "character_length",
    "coalesce",
    "concat",
    "contains",
    "ends_with",
    "left",
    "lower",
    "ltrim",
    "octet_length",
    "replace",
    "right",
    "rtrim",
    "starts_with",
    "strpos",
    "substr",
    "upper",
];

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::DataType;
    use datafusion::common::ScalarValue;
    use datafusion::logical_expr::{Expr, cast, col, lit};
    use proptest::prelude::*;
    use schema::{ColumnDefinition, FieldType, TableDefinition, TimeRange, Timestamp};

    use super::Condition;

    fn table() -> TableDefinition {
        let mut table = TableDefinition::new("cpu");
        table.tags.push(ColumnDefinition::tag("host"));
        table.tags.push(ColumnDefinition::tag("core"));
        table
            .fields
            .push(ColumnDefinition::field("usage", FieldType::F64));
        table
    }

    fn at(nanos: i64) -> Expr {
        lit(ScalarValue::TimestampNanosecond(
            Some(nanos),
            Some("UTC".into()),
        ))
    }

    fn range(start: i64, end: i64) -> Option<Condition> {
        Some(Condition::Time(TimeRange {
            start: Timestamp::from_nanos(start),
            end: Timestamp::from_nanos(end),
        }))
    }

    #[test]
    fn comparisons_of_time_become_ranges_in_either_direction() {
        let of = |filter: Expr| Condition::of(&filter, &table());
        assert_eq!(of(col("time").eq(at(5))), range(5, 6));
        assert_eq!(of(col("time").lt(at(5))), range(i64::MIN, 5));
        assert_eq!(of(col("time").lt_eq(at(5))), range(i64::MIN, 6));
        assert_eq!(of(col("time").gt(at(5))), range(6, i64::MAX));
        assert_eq!(of(at(5).lt_eq(col("time"))), range(5, i64::MAX));
        assert_eq!(of(col("time").between(at(5), at(7))), range(5, 8));
        assert_eq!(of(col("time").not_eq(at(5))), None);
        assert_eq!(of(col("time").not_between(at(5), at(7))), None);
    }

    proptest! {
        #[test]
        fn a_range_holds_exactly_the_times_that_compare_so(bound: i32, near in -2_i64..=2) {
            let (bound, time) = (i64::from(bound), i64::from(bound) + near);
            let cases = [
                (col("time").eq(at(bound)), time == bound),
                (col("time").lt(at(bound)), time < bound),
                (col("time").lt_eq(at(bound)), time <= bound),
                (col("time").gt(at(bound)), time > bound),
                (col("time").gt_eq(at(bound)), time >= bound),
                (at(bound).gt(col("time")), bound > time),
            ];
            for (filter, expected) in cases {
                let Some(Condition::Time(range)) = Condition::of(&filter, &table()) else {
                    return Err(TestCaseError::fail(filter.to_string()));
                };
                prop_assert_eq!(range.contains(Timestamp::from_nanos(time)), expected);
            }
        }
    }

    #[test]
    fn a_filter_on_one_tag_alone_is_taken_on() {
        let of = |filter: Expr| Condition::of(&filter, &table());
        assert_eq!(of(col("host").eq(lit("a"))), Some(Condition::Tag(0)));
        assert_eq!(of(col("core").is_null()), Some(Condition::Tag(1)));
        assert_eq!(of(col("host").eq(col("core"))), None);
        assert_eq!(of(col("usage").gt(lit(1.0))), None);
        assert_eq!(of(lit(true)), None);
    }

    #[test]
    fn a_filter_that_can_fail_stays_with_the_rows() {
        let number = cast(col("core"), DataType::Int64);
        assert_eq!(Condition::of(&number.gt(lit(1_i64)), &table()), None);
    }
}
