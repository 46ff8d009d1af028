//! Sample data for the example lakes, made on the spot.
//!
//! The examples, the demo and the benchmarks need realistic files of any size; downloading them would tie
//! every test to somebody's server and licence. This command makes them from a seed instead. It knows
//! nothing of tarn itself: what it writes is what a stranger would deliver.

mod cli;
mod output;
mod random;
mod retail;
mod tickit;

fn main() -> std::process::ExitCode {
    cli::run()
}
