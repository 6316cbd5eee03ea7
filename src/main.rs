//! The program: everything is in the library.

fn main() -> scoopi::cli::Exit {
    scoopi::cli::main()
}
