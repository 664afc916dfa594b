//! The names that SQL can say: catalogue `pganalytics`, schemas `public` and `system`.
//!
//! All of it stands over one pinned state, so that two tables of a query are of the same moment.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::TableType;

use crate::scan::TableScan;
use crate::session::{CATALOGUE, PUBLIC_SCHEMA};
use crate::store::Tables;
use crate::system::{SYSTEM_SCHEMA, SystemTable};

/// The one catalogue of a query.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    public: Arc<PublicSchema>,
    system: Arc<SystemSchema>,
}

impl Catalogue {
    pub(crate) fn new(tables: Arc<dyn Tables>, system: Vec<Arc<dyn SystemTable>>) -> Self {
        Self {
            public: Arc::new(PublicSchema { tables }),
            system: Arc::new(SystemSchema { tables: system }),
        }
    }

    /// Returns the names that a mistyped table may have meant.
    pub(crate) fn table_names(&self) -> Vec<String> {
        let system = self.system.table_names().into_iter();
        let system = system.map(|name| format!("{SYSTEM_SCHEMA}.{name}"));
        self.public
            .table_names()
            .into_iter()
            .chain(system)
            .collect()
    }
}

impl CatalogProviderList for Catalogue {
    fn register_catalog(
        &self,
        _name: String,
        _catalog: Arc<dyn CatalogProvider>,
    ) -> Option<Arc<dyn CatalogProvider>> {
        // nothing is registered from within a query.
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        vec![CATALOGUE.to_owned()]
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        (name == CATALOGUE).then(|| Arc::new(self.clone()) as Arc<dyn CatalogProvider>)
    }
}

impl CatalogProvider for Catalogue {
    fn schema_names(&self) -> Vec<String> {
        vec![PUBLIC_SCHEMA.to_owned(), SYSTEM_SCHEMA.to_owned()]
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        match name {
            PUBLIC_SCHEMA => Some(Arc::clone(&self.public) as _),
            SYSTEM_SCHEMA => Some(Arc::clone(&self.system) as _),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct PublicSchema {
    tables: Arc<dyn Tables>,
}

#[async_trait]
impl SchemaProvider for PublicSchema {
    fn table_names(&self) -> Vec<String> {
        self.tables.names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let table = self.tables.table(name);
        Ok(table.map(|table| Arc::new(TableScan::new(table)) as _))
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        Ok(self.table_exist(name).then_some(TableType::Base))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.table(name).is_some()
    }
}

#[derive(Debug)]
struct SystemSchema {
    tables: Vec<Arc<dyn SystemTable>>,
}

impl SystemSchema {
    fn find(&self, name: &str) -> Option<&Arc<dyn SystemTable>> {
        self.tables.iter().find(|table| table.name() == name)
    }
}

#[async_trait]
impl SchemaProvider for SystemSchema {
    fn table_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.tables.iter().map(|t| t.name().to_owned()).collect();
        names.sort();
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(table) = self.find(name) else {
            return Ok(None);
        };
        let rows = table.batch().await?;
        let provider = MemTable::try_new(rows.schema(), vec![vec![rows]])?;
        Ok(Some(Arc::new(provider)))
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        Ok(self.table_exist(name).then_some(TableType::View))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.find(name).is_some()
    }
}
