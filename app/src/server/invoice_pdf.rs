//! `GET /invoices/{id}.pdf`: an invoice as a document, for those who see it on its page and in the same words.
//!
//! For keeping: PDF/A-2b (ISO 19005-2), with its letters in it, so that it looks the same in twenty years. Set in Inter, whose
//! subset here has Latin, Greek and Cyrillic letters (`app/fonts`); a character beyond them is written as a question mark.

use std::sync::LazyLock;

use axum::{
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::civil::Date;
use krilla::{
    Data, Document, SerializeSettings,
    configure::{Archival, ConfigurationBuilder},
    geom::{PathBuilder, Point},
    metadata::{DateTime, Metadata},
    page::PageSettings,
    paint::Stroke,
    surface::Surface,
    text::{Font, TextDirection},
};
use tandem_domain::{access::Field, ids::InvoiceId};
use ttf_parser::Face;

use super::{
    Reference, Refusal, Services,
    ask::{Ask, fault},
};
use crate::{
    error::AppError,
    listing::Cell,
    parts::billing::{
        INVOICE,
        invoice::{InvoiceView, server},
    },
};

/// A4, in points.
const PAPER: (f32, f32) = (595.0, 842.0);
/// What stays empty at each side.
const MARGIN: f32 = 56.0;
/// Where the columns of the lines end: the words, then quantity, price, tax and net.
const COLUMNS: [f32; 5] = [290.0, 350.0, 425.0, 470.0, PAPER.0 - MARGIN];

/// Answers with the invoice that the address names.
pub(super) async fn pdf(State(services): State<Services>, Path(name): Path<String>, request: Request) -> Response {
    match document(services, &name, request.extensions()).await {
        Ok((number, document)) => {
            let mut response = document.into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/pdf"));
            let disposition = format!("attachment; filename=\"{number}.pdf\"");
            if let Ok(disposition) = HeaderValue::from_str(&disposition) {
                headers.insert(header::CONTENT_DISPOSITION, disposition);
            }
            response
        }
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = (status, error.to_string()).into_response();
            response.extensions_mut().insert(Refusal(error));
            response
        }
    }
}

async fn document(services: Services, name: &str, request: &http::Extensions) -> Result<(String, Vec<u8>), AppError> {
    let ask = Ask::of(services, request)?;
    ask.see(Field::Invoices)?;
    let id: Option<InvoiceId> = name.strip_suffix(".pdf").and_then(|id| id.parse().ok());
    let (tenant, invoice) = server::found(&ask, id.ok_or_else(|| AppError::NotFound(INVOICE.into()))?).await?;
    let number = invoice.number.to_string();
    let issued: Date = invoice.issued_on.parse().unwrap_or_default();
    let document = drawn(&server::view(&ask, tenant, invoice).await?, issued);
    Ok((number, document.map_err(|error| fault(&error, Reference::of(request)))?))
}

/// Draws it, on as many pages as it takes.
fn drawn(view: &InvoiceView, issued: Date) -> Result<Vec<u8>, DocumentError> {
    let mut paper = Paper::new();
    paper.left(Cut::Bold, 18.0, MARGIN, &view.title);
    paper.right(Cut::Regular, 11.0, PAPER.0 - MARGIN, &view.badge.1);
    paper.down(34.0);
    for (what, how) in view.facts.iter().filter(|(_, how)| !how.is_empty()) {
        paper.left(Cut::Regular, 10.0, MARGIN, what);
        paper.left(Cut::Regular, 10.0, MARGIN + 90.0, how);
        paper.down(16.0);
    }
    paper.down(20.0);
    let heads: Vec<&str> = view.lines.columns.iter().map(|column| column.label.as_str()).collect();
    paper.row(Cut::Bold, &heads);
    paper.rule();
    for row in &view.lines.rows {
        let texts: Vec<&str> = row.cells.iter().map(text).collect();
        paper.row(Cut::Regular, &texts);
    }
    paper.rule();
    for (what, how) in &view.totals {
        paper.room(16.0);
        paper.left(Cut::Regular, 10.0, COLUMNS[0] + 20.0, what);
        paper.right(Cut::Bold, 10.0, COLUMNS[4], how);
        paper.down(16.0);
    }
    paper.down(12.0);
    for line in wrapped(Cut::Regular, &view.note, 10.0, PAPER.0 - 2.0 * MARGIN) {
        paper.room(14.0);
        paper.left(Cut::Regular, 10.0, MARGIN, &line);
        paper.down(14.0);
    }
    paper.finish(&view.title, issued)
}

fn text(cell: &Cell) -> &str {
    match cell {
        Cell::Text(text)
        | Cell::Figures(text)
        | Cell::Since(_, text)
        | Cell::Badge(_, text)
        | Cell::Choose(_, text)
        | Cell::Two(text, _) => text,
        Cell::Badges(_) => "",
    }
}

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
enum DocumentError {
    /// One of the fonts that the program has in it cannot be read.
    #[error("a font cannot be read")]
    Font,
    /// It would not be what it says it is.
    #[error("{0}")]
    Rules(String),
}

/// A cut of the font.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Regular,
    Bold,
}

impl Cut {
    const fn octets(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../../fonts/Inter-Regular.ttf"),
            Self::Bold => include_bytes!("../../fonts/Inter-Bold.ttf"),
        }
    }

    /// Its measures.
    fn face(self) -> Option<&'static Face<'static>> {
        static REGULAR: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(Cut::Regular.octets(), 0).ok());
        static BOLD: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(Cut::Bold.octets(), 0).ok());
        match self {
            Self::Regular => REGULAR.as_ref(),
            Self::Bold => BOLD.as_ref(),
        }
    }
}

/// Something on a page: where, in points from its left and upper edge.
enum Mark {
    Text {
        cut: Cut,
        size: f32,
        x: f32,
        y: f32,
        text: String,
    },
    /// A line from margin to margin.
    Rule {
        y: f32,
    },
}

/// Pages that are being written, from their upper edge downwards.
struct Paper {
    done: Vec<Vec<Mark>>,
    page: Vec<Mark>,
    y: f32,
}

impl Paper {
    fn new() -> Self {
        Self { done: Vec::new(), page: Vec::new(), y: MARGIN + 18.0 }
    }

    fn down(&mut self, by: f32) {
        self.y += by;
    }

    /// Goes on to another page where there is no room for this much.
    fn room(&mut self, height: f32) {
        if self.y + height > PAPER.1 - MARGIN {
            self.done.push(std::mem::take(&mut self.page));
            self.y = MARGIN + 12.0;
        }
    }

    fn left(&mut self, cut: Cut, size: f32, x: f32, text: &str) {
        let text = writable(cut, text);
        if !text.is_empty() {
            self.page.push(Mark::Text { cut, size, x, y: self.y, text });
        }
    }

    fn right(&mut self, cut: Cut, size: f32, x: f32, text: &str) {
        self.left(cut, size, x - width(cut, text, size), text);
    }

    /// A line of the invoice: words at the left, as many lines as they need, and figures that end at their columns.
    fn row(&mut self, cut: Cut, texts: &[&str]) {
        let words = wrapped(cut, texts.first().copied().unwrap_or_default(), 10.0, COLUMNS[0] - MARGIN);
        for (place, line) in words.iter().enumerate() {
            self.room(16.0);
            self.left(cut, 10.0, MARGIN, line);
            if place == 0 {
                for (x, text) in COLUMNS.iter().zip(texts).skip(1) {
                    self.right(cut, 10.0, *x, text);
                }
            }
            self.down(16.0);
        }
    }

    fn rule(&mut self) {
        self.page.push(Mark::Rule { y: self.y - 10.0 });
        self.down(8.0);
    }

    fn finish(mut self, title: &str, issued: Date) -> Result<Vec<u8>, DocumentError> {
        self.done.push(self.page);
        let rules = ConfigurationBuilder::new().with_archival_validator(Archival::A2_B).finish();
        let configuration = rules.map_err(|error| DocumentError::Rules(format!("{error:?}")))?;
        let mut document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
        let [month, day] = [issued.month(), issued.day()].map(|number| u8::try_from(number).unwrap_or(1));
        let made = DateTime::new(u16::try_from(issued.year()).unwrap_or_default()).month(month).day(day);
        let metadata = Metadata::new().title(title.to_owned()).language("en".to_owned());
        document.set_metadata(metadata.creation_date(made));
        let font = |cut: Cut| Font::new(Data::from(cut.octets()), 0).ok_or(DocumentError::Font);
        let fonts = Fonts { regular: font(Cut::Regular)?, bold: font(Cut::Bold)? };
        let settings = PageSettings::from_wh(PAPER.0, PAPER.1).unwrap_or_default();
        for marks in &self.done {
            let mut page = document.start_page_with(settings.clone());
            let mut surface = page.surface();
            marks.iter().for_each(|mark| fonts.draw(&mut surface, mark));
            surface.finish();
            page.finish();
        }
        document.finish().map_err(|error| DocumentError::Rules(format!("{error:?}")))
    }
}

/// The font, as a document takes it.
struct Fonts {
    regular: Font,
    bold: Font,
}

impl Fonts {
    fn draw(&self, surface: &mut Surface<'_>, mark: &Mark) {
        match mark {
            Mark::Text { cut, size, x, y, text } => {
                let font = match cut {
                    Cut::Regular => &self.regular,
                    Cut::Bold => &self.bold,
                };
                let start = Point::from_xy(*x, *y);
                surface.draw_text(start, font.clone(), *size, text, false, TextDirection::LeftToRight);
            }
            Mark::Rule { y } => {
                let mut line = PathBuilder::new();
                line.move_to(MARGIN, *y);
                line.line_to(PAPER.0 - MARGIN, *y);
                let Some(line) = line.finish() else { return };
                surface.set_stroke(Some(Stroke { width: 0.5, ..Stroke::default() }));
                surface.draw_path(&line);
                surface.set_stroke(None);
            }
        }
    }
}

/// The text in letters that the font has.
fn writable(cut: Cut, text: &str) -> String {
    let has = |c: char| cut.face().is_some_and(|face| face.glyph_index(c).is_some());
    text.chars().map(|c| if has(c) { c } else { '?' }).collect()
}

/// How wide a text is, in points.
fn width(cut: Cut, text: &str, size: f32) -> f32 {
    let Some(face) = cut.face() else { return 0.0 };
    let of = |c: char| face.glyph_index(c).and_then(|glyph| face.glyph_hor_advance(glyph)).unwrap_or_default();
    writable(cut, text).chars().map(|c| f32::from(of(c))).sum::<f32>() * size / f32::from(face.units_per_em())
}

/// The text in lines that fit. A word that does not fit alone is cut.
fn wrapped(cut: Cut, text: &str, size: f32, most: f32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut last = String::new();
    for word in text.split_whitespace() {
        let longer = if last.is_empty() { word.to_owned() } else { format!("{last} {word}") };
        if width(cut, &longer, size) <= most {
            last = longer;
            continue;
        }
        if !last.is_empty() {
            lines.push(std::mem::take(&mut last));
        }
        for c in word.chars() {
            if width(cut, &last, size) + width(cut, c.encode_utf8(&mut [0; 4]), size) > most {
                lines.push(std::mem::take(&mut last));
            }
            last.push(c);
        }
    }
    lines.push(last);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing::{Column, ListRow, Listing, Tone};

    const ISSUED: Date = Date::constant(2026, 1, 1);
    const ID: &str = "01890000-0000-7000-8000-000000000001";

    fn view(lines: usize) -> InvoiceView {
        let row = |place: usize| ListRow {
            href: None,
            cells: vec![
                Cell::Text(format!("Line {place} (with \\ and parentheses) {}", "w".repeat(80))),
                Cell::Figures("1".into()),
                Cell::Figures("€1.00".into()),
                Cell::Figures("21 %".into()),
                Cell::Figures("€1.00".into()),
            ],
        };
        InvoiceView {
            id: ID.parse().unwrap(),
            title: "Invoice INV-000001".into(),
            badge: (Tone::Info, "Open".into()),
            facts: vec![("For".into(), "Łódź & Söhne".into())],
            lines: Listing::whole(
                ["What", "Quantity", "Price", "Tax", "Net"].map(Column::plain).into(),
                (0..lines).map(row).collect(),
            ),
            totals: vec![("Total".into(), "€1.00".into())],
            paid_with: Listing::whole(Vec::new(), Vec::new()),
            note: String::new(),
            pay: None,
            under_way: None,
            may_void: false,
        }
    }

    #[test]
    fn a_long_invoice_goes_on_on_other_pages() {
        let pages = |document: &[u8]| {
            let text = String::from_utf8_lossy(document).into_owned();
            assert!(text.starts_with("%PDF-") && text.trim_end().ends_with("%%EOF"));
            assert!(text.contains("<pdfaid:part>2</pdfaid:part>"), "it says that it is PDF/A-2");
            let (_, count) = text.split_once("/Type/Pages/Count ").expect("the tree of pages");
            let digits: String = count.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<usize>().expect("how many pages there are")
        };
        assert_eq!(pages(&drawn(&view(1), ISSUED).unwrap()), 1);
        assert!(pages(&drawn(&view(200), ISSUED).unwrap()) > 3);
    }

    #[test]
    fn letters_of_europe_are_written_and_others_are_marked() {
        for cut in [Cut::Regular, Cut::Bold] {
            let written = "€ ö’Ł\u{202f}zł Ελλάδα Київ";
            assert_eq!(writable(cut, written), written);
            assert_eq!(writable(cut, "東京\n"), "???");
        }
    }

    #[test]
    fn lines_fit_and_lose_nothing() {
        let text = format!("one two three {} four", "x".repeat(300));
        let lines = wrapped(Cut::Regular, &text, 10.0, 100.0);
        assert!(lines.iter().all(|line| width(Cut::Regular, line, 10.0) <= 100.0), "{lines:?}");
        let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert_eq!(letters(&lines.concat()), letters(&text));
    }
}
