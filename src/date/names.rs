//! English names in dates, written and read.
//!
//! Knows the names that Java's locale `en-US` has. Reading takes short and full names in any case, and of two
//! names that fit the longer.

/// A name by its short and its full form.
pub(super) type Name = (&'static str, &'static str);

/// Months, from January.
pub(super) const MONTHS: [Name; 12] = [
    ("Jan", "January"),
    ("Feb", "February"),
    ("Mar", "March"),
    ("Apr", "April"),
    ("May", "May"),
    ("Jun", "June"),
    ("Jul", "July"),
    ("Aug", "August"),
    ("Sep", "September"),
    ("Oct", "October"),
    ("Nov", "November"),
    ("Dec", "December"),
];

/// Weekdays, from Sunday.
pub(super) const WEEKDAYS: [Name; 7] = [
    ("Sun", "Sunday"),
    ("Mon", "Monday"),
    ("Tue", "Tuesday"),
    ("Wed", "Wednesday"),
    ("Thu", "Thursday"),
    ("Fri", "Friday"),
    ("Sat", "Saturday"),
];

/// Eras, from the earlier.
pub(super) const ERAS: [Name; 2] = [("BC", "Before Christ"), ("AD", "Anno Domini")];

/// Half days, from the morning.
pub(super) const HALF_DAYS: [Name; 2] = [("AM", "AM"), ("PM", "PM")];

/// The form of the name at `index` that a run of `count` letters asks for.
pub(super) fn write(names: &[Name], index: i32, count: u8) -> &'static str {
    let name = usize::try_from(index).ok().and_then(|index| names.get(index));
    name.map_or("", |&(short, full)| if count < 4 { short } else { full })
}

/// Index and length in bytes of the name that `text` begins with.
pub(super) fn read(names: &[Name], text: &str) -> Option<(i32, usize)> {
    (0..).zip(names).find_map(|(index, (short, full))| {
        let longest = [full, short].into_iter().find(|name| begins_with(text, name))?;
        Some((index, longest.len()))
    })
}

fn begins_with(text: &str, name: &str) -> bool {
    text.get(..name.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(name))
}
