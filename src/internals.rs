//! The rooms of the crate, for its own program, tests and benches.
//!
//! Not part of the interface: whatever is reached through here may change with any version.

macro_rules! rooms {
    ($($room:ident),* $(,)?) => {
        $(
            /// The room of this name.
            pub mod $room {
                pub use crate::$room::*;
            }
        )*
    };
}

rooms!(
    api, cli, cluster, compose, conf, date, defs, durable, engine, fetch, model, node, observe, persist,
    plugin, query, script, sinks, steps, store,
);
