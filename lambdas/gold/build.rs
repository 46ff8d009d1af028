//! Links what stands in `hypot.c` in the place of libm's.

#![allow(clippy::print_stdout, reason = "this is how a build script speaks")]

fn main() {
    let mut build = cc::Build::new();
    build.file("src/hypot.c").flag("-fno-builtin").flag("-fno-math-errno").opt_level(2);
    for object in build.compile_intermediates() {
        println!("cargo:rustc-link-arg={}", object.display());
    }
    println!("cargo:rerun-if-changed=src/hypot.c");
}
