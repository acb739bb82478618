//! What was measured, as tables that a person can read, and what became of the targets.

use std::time::Duration;

/// Why something could not be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmeasured(pub String);

/// Whether a target is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Met,
    Missed,
    /// There is no target; the figure is for comparison.
    Free,
    Unmeasured(String),
}

impl Verdict {
    pub fn of(met: bool) -> Self {
        if met { Self::Met } else { Self::Missed }
    }

    fn text(&self) -> String {
        match self {
            Self::Met => "met".into(),
            Self::Missed => "MISSED".into(),
            Self::Free => String::new(),
            Self::Unmeasured(why) => format!("not measured: {why}"),
        }
    }
}

/// A table of one kind of figures.
pub struct Section {
    title: String,
    /// The columns' heads, without the verdict's.
    head: Vec<String>,
    rows: Vec<(Vec<String>, Verdict)>,
    notes: Vec<String>,
}

impl Section {
    /// A table of single figures.
    pub fn new(title: &str) -> Self {
        Self::with_columns(title, &["", "measured", "target"])
    }

    /// A table with these columns; the first names what was measured.
    pub fn with_columns(title: &str, head: &[&str]) -> Self {
        let head = head.iter().map(|&head| head.to_owned()).collect();
        Self { title: title.into(), head, rows: Vec::new(), notes: Vec::new() }
    }

    /// A row of a table that [`Section::new`] made.
    pub fn figure(&mut self, what: &str, measured: String, target: &str, verdict: Verdict) {
        self.row(vec![what.into(), measured, target.into()], verdict);
    }

    /// A row: a text for each column.
    pub fn row(&mut self, cells: Vec<String>, verdict: Verdict) {
        self.rows.push((cells, verdict));
    }

    /// A row whose figure could not be had.
    pub fn unmeasured(&mut self, what: &str, why: Unmeasured) {
        let mut cells = vec![String::new(); self.head.len()];
        if let Some(first) = cells.first_mut() {
            *first = what.into();
        }
        self.row(cells, Verdict::Unmeasured(why.0));
    }

    /// A line below the table.
    pub fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// The table: names to the left, figures to the right, verdicts at the end.
    fn text(&self) -> String {
        let cell = |cells: &[String], column: usize| cells.get(column).cloned().unwrap_or_default();
        let width = |column: usize| {
            let rows = self.rows.iter().map(|(cells, _)| cells);
            let all = rows.chain([&self.head]);
            all.map(|cells| cell(cells, column).chars().count()).max().unwrap_or(0)
        };
        let line = |cells: &[String], verdict: &str| {
            let mut line = format!("  {:<1$}", cell(cells, 0), width(0));
            for column in 1..self.head.len() {
                line.push_str(&format!("  {:>1$}", cell(cells, column), width(column)));
            }
            format!("{line}  {verdict}").trim_end().to_owned()
        };
        let mut lines = vec![format!("\n{}", self.title), line(&self.head, "")];
        lines.extend(self.rows.iter().map(|(cells, verdict)| line(cells, &verdict.text())));
        lines.extend(self.notes.iter().map(|note| format!("  {note}")));
        lines.join("\n")
    }
}

/// The outcome of all sections.
#[derive(Default)]
pub struct Report {
    met: usize,
    missed: Vec<String>,
    unmeasured: usize,
}

impl Report {
    /// Prints a section and counts its verdicts.
    pub fn add(&mut self, section: &Section) {
        println!("{}", section.text());
        for (cells, verdict) in &section.rows {
            match verdict {
                Verdict::Met => self.met += 1,
                Verdict::Missed => {
                    self.missed.push(format!("{}: {}", section.title, cells.first().cloned().unwrap_or_default()));
                }
                Verdict::Free => {}
                Verdict::Unmeasured(_) => self.unmeasured += 1,
            }
        }
    }

    /// Prints a section that could not even begin.
    pub fn add_unmeasured(&mut self, title: &str, why: &Unmeasured) {
        println!("\n{title}\n  not measured: {}", why.0);
        self.unmeasured += 1;
    }

    /// Prints the closing lines, and tells how many figures could not be had.
    pub fn close(self) -> usize {
        println!("\n{} targets met, {} missed, {} not measured", self.met, self.missed.len(), self.unmeasured);
        for missed in self.missed {
            println!("  missed: {missed}");
        }
        self.unmeasured
    }
}

/// `12.3 ms`.
pub fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

/// `1.2 s`.
pub fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// `287.4 KiB`.
pub fn kibibytes(bytes: u64) -> String {
    format!("{}.{} KiB", bytes / 1024, bytes % 1024 * 10 / 1024)
}

/// `41.5 MiB`.
pub fn mebibytes(bytes: u64) -> String {
    format!("{}.{} MiB", bytes / 1024 / 1024, bytes / 1024 % 1024 * 10 / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_and_ends_with_its_notes() {
        let mut section = Section::new("Start");
        section.figure("short", "1.0 ms".into(), "≤ 2 ms", Verdict::Met);
        section.figure("a longer name", "100.0 ms".into(), "", Verdict::Free);
        section.unmeasured("gone", Unmeasured("no such file".into()));
        section.note("Five runs.".into());
        let expected = "\nStart
                 measured  target
  short            1.0 ms  ≤ 2 ms  met
  a longer name  100.0 ms
  gone                             not measured: no such file
  Five runs.";
        assert_eq!(section.text(), expected);
    }

    #[test]
    fn the_report_counts_verdicts() {
        let mut section = Section::new("Lists");
        section.figure("slow", "30.0 ms".into(), "≤ 20 ms", Verdict::of(false));
        section.figure("quick", "3.0 ms".into(), "≤ 20 ms", Verdict::of(true));
        section.unmeasured("gone", Unmeasured("answers 500".into()));
        let mut report = Report::default();
        report.add(&section);
        report.add_unmeasured("Browser", &Unmeasured("no Chromium".into()));
        assert_eq!((report.met, report.missed.as_slice()), (1, ["Lists: slow".to_owned()].as_slice()));
        assert_eq!(report.close(), 2);
    }

    #[test]
    fn amounts_are_written_with_one_decimal() {
        assert_eq!(milliseconds(Duration::from_micros(12_340)), "12.3 ms");
        assert_eq!(seconds(Duration::from_millis(980)), "1.0 s");
        assert_eq!(kibibytes(294_297), "287.3 KiB");
        assert_eq!(mebibytes(41 * 1024 * 1024 + 512 * 1024), "41.5 MiB");
    }
}
