//! The program: everything is in the library but the allocator, which is a program's own choice.

/// Pages are many small pieces that come and go together on several threads, which this one is quicker at than the
/// system's. Without huge pages, which would double the memory of a small run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> scoopi::internals::cli::Exit {
    scoopi::internals::cli::main()
}
