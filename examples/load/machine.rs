//! What the process has used, where the system tells (Linux).

/// Ticks of `/proc/self/stat` in a second: the same on every Linux that shows it to programs.
const TICKS: f64 = 100.0;

pub(crate) fn print() {
    println!("CPU                      {}", cpu_seconds().unwrap_or_else(unknown));
    println!("peak memory              {}", peak_memory().unwrap_or_else(unknown));
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn cpu_seconds() -> Option<String> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may hold anything; the fields begin behind it, with the third.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: f64 = ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    Some(format!("{:.2} s", ticks / TICKS))
}

fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(format!("{} MiB", kibibytes / 1024))
}
