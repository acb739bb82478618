//! Builds anew when a migration was added: the migrations are inside the program.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
