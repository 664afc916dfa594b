//! What a view of PostgreSQL looks like to us, as data: which expression fills which column since when.

use schema::FieldType;
use schema::tables::BuiltIn;

use super::value::time_sql;
use super::version::{Form, Version, in_version};

/// A view and the table that it fills.
#[derive(Debug)]
pub(crate) struct View {
    /// Our table; types, kinds and units of the fields stand there.
    pub(crate) table: &'static BuiltIn,
    /// The `FROM` clause; a version without one lacks the view.
    pub(crate) from: &'static [Form],
    /// What the tags behind `instance` are.
    pub(crate) tags: &'static [Column],
    /// What identifies an entry inside PostgreSQL, by object ids: names can be given anew.
    pub(crate) key: &'static [Column],
    /// A time that changes when the counters of a row start again at nothing.
    pub(crate) origin: &'static [Form],
    /// The fields.
    pub(crate) fields: &'static [Column],
    /// When a row is worth sending.
    pub(crate) emission: Emission,
}

/// A column by its newest name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// The name in our table.
    pub(crate) name: &'static str,
    /// How it is written, by version; a version without a form lacks the column.
    pub(crate) forms: [Option<Form>; 2],
}

/// When a row of increases is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emission {
    /// At every sample.
    Always,
    /// When this counter grew; until then what others added waits.
    Grown(&'static str),
}

impl View {
    /// Returns the statement that reads the view: key, origin, tags, fields, in this order.
    ///
    /// A column that the version lacks is null, so that positions never change.
    pub(crate) fn statement(&self, version: Version) -> Option<String> {
        let from = in_version(self.from, version)?;
        let origin = in_version(self.origin, version).map_or("NULL".into(), time_sql);
        let key = self.key.iter().map(|column| column.sql(version).to_owned());
        let tags = self
            .tags
            .iter()
            .map(|column| column.sql(version).to_owned());
        let fields = self
            .fields
            .iter()
            .map(|column| self.field_sql(column, version));
        let list: Vec<String> = key.chain([origin]).chain(tags).chain(fields).collect();
        Some(format!("{MARKER} SELECT {} {from}", list.join(", ")))
    }

    /// Returns the type of a field of ours.
    pub(crate) fn field_type(&self, name: &str) -> FieldType {
        self.table
            .field(name)
            .map_or(FieldType::Text, |field| field.field_type)
    }

    fn field_sql(&self, column: &Column, version: Version) -> String {
        match (column.in_version(version), self.field_type(column.name)) {
            (None, _) => "NULL".into(),
            (Some(sql), FieldType::Time) => time_sql(sql),
            (Some(sql), _) => sql.into(),
        }
    }
}

impl Column {
    /// A column of every version, under its own name.
    pub(crate) const fn same(name: &'static str) -> Self {
        Self {
            name,
            forms: [Some(Form::always(name)), None],
        }
    }

    /// A column of every version, by an expression.
    pub(crate) const fn by(name: &'static str, sql: &'static str) -> Self {
        Self {
            name,
            forms: [Some(Form::always(sql)), None],
        }
    }

    /// A column that came with a version.
    pub(crate) const fn since(version: u32, name: &'static str) -> Self {
        Self {
            name,
            forms: [Some(Form::since(version, name)), None],
        }
    }

    /// A column that came with a version, by an expression.
    pub(crate) const fn since_by(version: u32, name: &'static str, sql: &'static str) -> Self {
        Self {
            name,
            forms: [Some(Form::since(version, sql)), None],
        }
    }

    /// A column that went with a version.
    pub(crate) const fn before(version: u32, name: &'static str) -> Self {
        Self {
            name,
            forms: [Some(Form::before(version, name)), None],
        }
    }

    /// A column that got its name with a version and was called otherwise before.
    pub(crate) const fn renamed(version: u32, name: &'static str, old: &'static str) -> Self {
        Self {
            name,
            forms: [
                Some(Form::before(version, old)),
                Some(Form::since(version, name)),
            ],
        }
    }

    /// Returns the expression of a version, if it has one.
    pub(crate) fn in_version(&self, version: Version) -> Option<&'static str> {
        let [first, second] = self.forms;
        let holds = |form: Form| in_version(&[form], version);
        first.and_then(holds).or_else(|| second.and_then(holds))
    }

    fn sql(&self, version: Version) -> &'static str {
        self.in_version(version).unwrap_or("NULL")
    }
}

/// Begins every statement of ours, so that people who find it know whose it is.
pub(crate) const MARKER: &str = "/* pganalytics-collector */";
