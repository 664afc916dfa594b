//! Filters on tags, evaluated once per distinct value instead of once per row.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, StringViewArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::Session;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result, internal_datafusion_err};
use datafusion::logical_expr::Expr;

use crate::store::{Table, TagValues};

/// What is left of each tag's values, tag by tag, as filters are added.
pub(crate) struct TagFilter<'a> {
    table: &'a dyn Table,
    values: Vec<TagValues>,
}

impl<'a> TagFilter<'a> {
    pub(crate) fn new(table: &'a dyn Table) -> Self {
        Self {
            table,
            values: Vec::new(),
        }
    }

    /// Keeps only the values of the tag that pass the filter, which looks at that tag alone.
    pub(crate) fn restrict(
        &mut self,
        tag: usize,
        filter: &Expr,
        state: &dyn Session,
    ) -> Result<()> {
        let verdicts = self.evaluate(tag, filter, state)?;
        let Some((accepts_null, accepts)) = verdicts.split_last() else {
            return Err(internal_datafusion_err!("a tag filter without a verdict"));
        };
        match self.values.iter_mut().find(|values| values.tag == tag) {
            Some(values) => {
                values.accepts_null &= accepts_null;
                let pairs = values.accepts.iter_mut().zip(accepts);
                pairs.for_each(|(before, now)| *before &= now);
            }
            None => self.values.push(TagValues {
                tag,
                accepts: accepts.to_vec(),
                accepts_null: *accepts_null,
            }),
        }
        Ok(())
    }

    /// Returns the selections, one for each tag that was filtered.
    pub(crate) fn into_values(self) -> Vec<TagValues> {
        self.values
    }

    /// Returns a verdict for every code, and one more for null.
    fn evaluate(&self, tag: usize, filter: &Expr, state: &dyn Session) -> Result<Vec<bool>> {
        let name = self
            .table
            .definition()
            .tags
            .get(tag)
            .map(|tag| tag.name.clone())
            .ok_or_else(|| internal_datafusion_err!("tag {tag} is not in the table"))?;
        let values = self.table.tag_values(tag);
        let rows: StringViewArray = values
            .iter()
            .map(|value| Some(value.as_ref()))
            .chain([None])
            .collect();
        let field = Field::new(name, DataType::Utf8View, true);
        let schema = Arc::new(Schema::new(vec![field]));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(rows) as ArrayRef])?;
        let schema = DFSchema::try_from(schema)?;
        let predicate = state.create_physical_expr(unqualified(filter.clone())?, &schema)?;
        let verdicts = predicate.evaluate(&batch)?.into_array(batch.num_rows())?;
        let verdicts = verdicts
            .as_boolean_opt()
            .ok_or_else(|| internal_datafusion_err!("a filter that is no truth value: {filter}"))?;
        // Null is not true, so it does not pass.
        Ok(verdicts
            .iter()
            .map(|verdict| verdict == Some(true))
            .collect())
    }
}

fn unqualified(filter: Expr) -> Result<Expr> {
    let bare = filter.transform(|expr| match expr {
        Expr::Column(column) => {
            let column = Column::new_unqualified(column.name);
            Ok(Transformed::yes(Expr::Column(column)))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(bare.data)
}
