//! One typed configuration, built once from layers.
//!
//! Knows keys, their defaults and where values come from. Does not know what any of them is for: it is
//! handed to those who do.
//!
//! ```text
//! defaults < conf/scoopi.toml (or SCOOPI_CONFIG, or --conf) < environment SCOOPI_… < --set and flags
//! ```

mod duration;
mod keys;
mod layers;
mod lines;
mod properties;
mod proxy_url;
mod scope;
mod settings;
mod variables;
mod wrong;

pub use keys::{Key, keys};
pub use layers::{ConfError, Layers};
pub use proxy_url::ProxyUrl;
pub use settings::{
    AppenderSettings, BlankSettings, ClusterSettings, DataStoreSettings, DefsSettings, FactSettings,
    FetchSettings, FetchTimeouts, FileSettings, JobSettings, LoaderFetchSettings, LoaderSettings,
    LogSettings, MonitorSettings, NotFoundSettings, PageSettings, ParseSettings, PersistSettings,
    QuerySettings, QuorumSettings, ScriptSettings, Settings, StoreSettings, WebClientSettings,
};
pub use variables::CONFIG_VARIABLE;
pub use wrong::{Origins, WrongSetting};
