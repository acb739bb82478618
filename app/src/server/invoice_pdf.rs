//! `GET /invoices/{id}.pdf`: an invoice as a document, for those who see it on its page and in the same words.
//!
//! Set in Helvetica, which every reader of PDF has (ISO 32000-1 §9.6.2.2), in the encoding of western Europe; a character
//! beyond it is written as a question mark.

use axum::{
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};
use tandem_domain::{access::Field, ids::InvoiceId};

use super::{Refusal, Services, ask::Ask};
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
const REGULAR: Name = Name(b"F1");
const BOLD: Name = Name(b"F2");
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
    Ok((number, drawn(&server::view(&ask, tenant, invoice).await?)))
}

/// Draws it, on as many pages as it takes.
fn drawn(view: &InvoiceView) -> Vec<u8> {
    let mut paper = Paper::new();
    paper.left(BOLD, 18.0, MARGIN, &view.title);
    paper.right(REGULAR, 11.0, PAPER.0 - MARGIN, &view.badge.1);
    paper.down(34.0);
    for (what, how) in view.facts.iter().filter(|(_, how)| !how.is_empty()) {
        paper.left(REGULAR, 10.0, MARGIN, what);
        paper.left(REGULAR, 10.0, MARGIN + 90.0, how);
        paper.down(16.0);
    }
    paper.down(20.0);
    let heads: Vec<&str> = view.lines.columns.iter().map(|column| column.label.as_str()).collect();
    paper.row(BOLD, &heads);
    paper.rule();
    for row in &view.lines.rows {
        let texts: Vec<&str> = row.cells.iter().map(text).collect();
        paper.row(REGULAR, &texts);
    }
    paper.rule();
    for (what, how) in &view.totals {
        paper.room(16.0);
        paper.left(REGULAR, 10.0, COLUMNS[0] + 20.0, what);
        paper.right(BOLD, 10.0, COLUMNS[4], how);
        paper.down(16.0);
    }
    paper.down(12.0);
    for line in wrapped(&view.note, 10.0, PAPER.0 - 2.0 * MARGIN) {
        paper.room(14.0);
        paper.left(REGULAR, 10.0, MARGIN, &line);
        paper.down(14.0);
    }
    paper.finish(&view.title)
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

/// Pages that are being written, from their upper edge downwards.
struct Paper {
    done: Vec<Content>,
    page: Content,
    y: f32,
}

impl Paper {
    fn new() -> Self {
        Self { done: Vec::new(), page: Content::new(), y: PAPER.1 - MARGIN - 18.0 }
    }

    fn down(&mut self, by: f32) {
        self.y -= by;
    }

    /// Goes on to another page where there is no room for this much.
    fn room(&mut self, height: f32) {
        if self.y - height < MARGIN {
            self.done.push(std::mem::replace(&mut self.page, Content::new()));
            self.y = PAPER.1 - MARGIN - 12.0;
        }
    }

    fn left(&mut self, font: Name<'_>, size: f32, x: f32, text: &str) {
        let (y, page) = (self.y, &mut self.page);
        page.begin_text().set_font(font, size).next_line(x, y).show(Str(&encoded(text))).end_text();
    }

    fn right(&mut self, font: Name<'_>, size: f32, x: f32, text: &str) {
        self.left(font, size, x - width(text, size), text);
    }

    /// A line of the invoice: words at the left, as many lines as they need, and figures that end at their columns.
    fn row(&mut self, font: Name<'_>, texts: &[&str]) {
        let words = wrapped(texts.first().copied().unwrap_or_default(), 10.0, COLUMNS[0] - MARGIN);
        for (place, line) in words.iter().enumerate() {
            self.room(16.0);
            self.left(font, 10.0, MARGIN, line);
            if place == 0 {
                for (x, text) in COLUMNS.iter().zip(texts).skip(1) {
                    self.right(font, 10.0, *x, text);
                }
            }
            self.down(16.0);
        }
    }

    fn rule(&mut self) {
        let y = self.y + 10.0;
        self.page.set_line_width(0.5).move_to(MARGIN, y).line_to(PAPER.0 - MARGIN, y).stroke();
        self.down(8.0);
    }

    fn finish(mut self, title: &str) -> Vec<u8> {
        self.done.push(self.page);
        let mut next = 0;
        let mut new = || {
            next += 1;
            Ref::new(next)
        };
        let (catalog, tree, info, regular, bold) = (new(), new(), new(), new(), new());
        let pages: Vec<(Ref, Ref)> = self.done.iter().map(|_| (new(), new())).collect();
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(tree).lang(TextStr("en"));
        pdf.document_info(info).title(TextStr(title));
        let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
        pdf.pages(tree).kids(pages.iter().map(|(page, _)| *page)).count(count);
        for (font, name) in [(regular, b"Helvetica".as_slice()), (bold, b"Helvetica-Bold")] {
            pdf.type1_font(font).base_font(Name(name)).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        for ((page, stream), content) in pages.into_iter().zip(self.done) {
            let mut page = pdf.page(page);
            page.media_box(Rect::new(0.0, 0.0, PAPER.0, PAPER.1)).parent(tree).contents(stream);
            page.resources().fonts().pair(REGULAR, regular).pair(BOLD, bold);
            page.finish();
            pdf.stream(stream, &content.finish());
        }
        pdf.finish()
    }
}

/// The text in the encoding of western Europe (ISO 32000-1, annex D.2).
fn encoded(text: &str) -> Vec<u8> {
    let octet = |c: char| match c {
        '\u{a0}' | '\u{202f}' => b' ',
        '€' => 0x80,
        '…' => 0x85,
        'Š' => 0x8a,
        'Œ' => 0x8c,
        'Ž' => 0x8e,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '–' => 0x96,
        '—' => 0x97,
        'š' => 0x9a,
        'œ' => 0x9c,
        'ž' => 0x9e,
        'Ÿ' => 0x9f,
        ' '..='~' | '\u{a1}'..='\u{ff}' => u8::try_from(u32::from(c)).unwrap_or(b'?'),
        _ => b'?',
    };
    text.chars().map(octet).collect()
}

/// How wide the characters from the space to `~` are in Helvetica, in thousandths of its size (Adobe's metrics of the font).
#[rustfmt::skip]
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// How wide a text is, in points; nearly so for letters with accents.
fn width(text: &str, size: f32) -> f32 {
    let of =
        |octet: u8| octet.checked_sub(b' ').and_then(|place| WIDTHS.get(usize::from(place))).copied().unwrap_or(556);
    encoded(text).into_iter().map(|octet| f32::from(of(octet))).sum::<f32>() * size / 1000.0
}

/// The text in lines that fit. A word that does not fit alone is cut.
fn wrapped(text: &str, size: f32, most: f32) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is one from the beginning");
        let longer = if last.is_empty() { word.to_owned() } else { format!("{last} {word}") };
        if width(&longer, size) <= most {
            *last = longer;
            continue;
        }
        if !last.is_empty() {
            lines.push(String::new());
        }
        for c in word.chars() {
            let last = lines.last_mut().expect("there is one from the beginning");
            if width(last, size) + width(c.encode_utf8(&mut [0; 4]), size) > most {
                lines.push(c.to_string());
            } else {
                last.push(c);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing::{Column, ListRow, Listing, Tone};

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
            text.matches("/Type /Page\n").count()
        };
        assert_eq!(pages(&drawn(&view(1))), 1);
        assert!(pages(&drawn(&view(200))) > 3);
    }

    #[test]
    fn letters_of_western_europe_are_written_and_others_are_marked() {
        assert_eq!(encoded("€ ö’Ł\u{202f}\n"), [0x80, b' ', 0xf6, 0x92, b'?', b' ', b'?']);
    }

    #[test]
    fn lines_fit_and_lose_nothing() {
        let text = format!("one two three {} four", "x".repeat(300));
        let lines = wrapped(&text, 10.0, 100.0);
        assert!(lines.iter().all(|line| width(line, 10.0) <= 100.0), "{lines:?}");
        let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert_eq!(letters(&lines.concat()), letters(&text));
    }
}
