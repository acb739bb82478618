//! The `tandem` program; everything it does is in the library beside it, where tests reach it.

fn main() -> std::process::ExitCode {
    tandem_server::cli::main()
}
