//! Environment variables that begin with `SCOOPI_`: those that are settings, and those that are not.

/// The beginning of their names.
pub(super) const PREFIX: &str = "SCOOPI_";

/// The variable that names the configuration file.
pub const CONFIG_VARIABLE: &str = "SCOOPI_CONFIG";

/// Variables that are not settings, without the prefix. `CONFIG` is read by the program, the others by its tests and
/// scripts; all others have to be settings, so that a wrong name is found.
const NOT_SETTINGS: &[&str] = &[
    "CONFIG",
    "ADVISORIES",
    "BLESS",
    "LOG_CHILD",
    "LOG_DAMAGED",
    "LOG_DAMAGE_ROUNDS",
    "REQUIRE",
    "SCENARIOS",
    "SEED",
    "SEEDS",
    "SHARED",
    "SIMULATION_LOG",
    "STORE_CHILD",
];

/// Returns the name without its prefix if the variable has to be a setting.
pub(super) fn setting_of(variable: &str) -> Option<&str> {
    variable.strip_prefix(PREFIX).filter(|name| !NOT_SETTINGS.contains(name))
}
