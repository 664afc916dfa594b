//! A table in Markdown whose columns line up, so that it reads in a terminal and in a page.

/// A table under construction.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Returns a table with a heading.
    pub(crate) fn new(heading: &[&str]) -> Self {
        Self {
            rows: vec![heading.iter().map(|cell| (*cell).to_owned()).collect()],
        }
    }

    /// Appends a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Returns the text; the first column is aligned to the left, numbers to the right.
    pub(crate) fn render(&self) -> String {
        let widths = self.widths();
        let mut text = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).enumerate();
            let cells: Vec<String> = cells
                .map(|(column, (cell, width))| pad(column, cell, *width))
                .collect();
            text += &format!("| {} |\n", cells.join(" | "));
            if number == 0 {
                let rules = widths
                    .iter()
                    .enumerate()
                    .map(|(column, width)| rule(column, *width));
                text += &format!("|{}|\n", rules.collect::<Vec<_>>().join("|"));
            }
        }
        text
    }

    /// Returns the text; none for a heading alone.
    pub(crate) fn render_unless_empty(&self) -> String {
        if self.rows.len() > 1 {
            self.render()
        } else {
            String::new()
        }
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 3);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        widths
    }
}

fn pad(column: usize, cell: &str, width: usize) -> String {
    if column == 0 {
        format!("{cell:<width$}")
    } else {
        format!("{cell:>width$}")
    }
}

fn rule(column: usize, width: usize) -> String {
    let dashes = "-".repeat(width + 1);
    if column == 0 {
        format!("{dashes}-")
    } else {
        format!("{dashes}:")
    }
}

/// Returns a number with so many digits after the point and its thousands apart.
pub(crate) fn digits(number: f64, after_point: usize) -> String {
    let text = format!("{number:.after_point$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (sign, whole) = whole
        .strip_prefix('-')
        .map_or(("", whole), |rest| ("-", rest));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    if fraction.is_empty() {
        format!("{sign}{grouped}")
    } else {
        format!("{sign}{grouped}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["query", "ms"]);
        table.row(["é".to_owned(), "12.5".to_owned()]);
        assert_eq!(
            table.render(),
            "| query |   ms |\n|-------|-----:|\n| é     | 12.5 |\n"
        );
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(digits(1_234_567.0, 0), "1 234 567");
        assert_eq!(digits(-999.949, 1), "-999.9");
        assert_eq!(digits(1_000.5, 1), "1 000.5");
        assert_eq!(digits(0.0, 2), "0.00");
    }
}
