//! Every list page, rendered by the server and read through HTTP by somebody who is signed in, with few and with many
//! records. Requests to both databases take turns, so that whatever else the machine does meets both alike.

use std::time::Duration;

use super::{
    Unmeasured,
    databases::{self, Engine, LARGE, SMALL, Size},
    http::Connection,
    list_pages::{PAGES, Page, Who},
    people::{ADMINISTRATOR, CUSTOMER},
    report::{Section, Verdict, milliseconds},
    server::Server,
    statistics::Times,
};
use crate::shell::say;

/// Requests for each page on each database that are timed.
const ROUNDS: usize = 60;
/// Requests before, so that statements are prepared and pages of the database are in memory.
const WARM_UP: usize = 5;
/// How many pages deep a deep page lies, where there are so many.
const DEPTH: usize = 500;

/// The median of a page's times may be this long …
const TIME_TARGET: Duration = Duration::from_millis(20);
/// … and grow by less than this factor between the databases.
const GROWTH_TARGET: f64 = 1.5;

pub fn measure(engine: Engine) -> Result<Section, Unmeasured> {
    let mut small = Visitors::of(engine, SMALL)?;
    let mut large = Visitors::of(engine, LARGE)?;
    say(&format!("list pages on {}", engine.name()));
    let title = format!("Pages on {}, rendered and sent, {ROUNDS} requests each", engine.name());
    let columns = ["", "rows", "1,000 accounts", "p95", "100,000", "p95", "growth"];
    let mut section = Section::with_columns(&title, &columns);
    for page in PAGES {
        match compared(page, &mut small, &mut large) {
            Ok((cells, verdict)) => section.row(cells, verdict),
            Err(why) => section.unmeasured(page.name, why),
        }
    }
    section.note(format!(
        "Target: median ≤ 20 ms, growth < {GROWTH_TARGET}. /healthz tells what the machine and HTTP cost."
    ));
    let [few, many] =
        [SMALL, LARGE].map(|size| format!("{} customers, {} audit rows", size.customers, size.audit_rows));
    section.note(format!("With 1,000 accounts: {few}; with 100,000: {many}."));
    Ok(section)
}

/// A page's row in the table.
fn compared(page: &Page, small: &mut Visitors, large: &mut Visitors) -> Result<(Vec<String>, Verdict), Unmeasured> {
    let mut few = small.open(page)?;
    let mut many = large.open(page)?;
    for round in 0..WARM_UP + ROUNDS {
        let timed = round >= WARM_UP;
        // Neither is always the one that comes after the other.
        if round % 2 == 0 {
            few.visit(timed)?;
            many.visit(timed)?;
        } else {
            many.visit(timed)?;
            few.visit(timed)?;
        }
    }
    let (before, after) = (few.times.median(), many.times.median());
    let growth = after.as_secs_f64() / before.as_secs_f64().max(f64::EPSILON);
    let verdict = if page.is_baseline {
        Verdict::Free
    } else {
        Verdict::of(before <= TIME_TARGET && after <= TIME_TARGET && growth < GROWTH_TARGET)
    };
    let cells = vec![
        page.name.to_owned(),
        if page.is_baseline { String::new() } else { format!("{} / {}", few.rows, many.rows) },
        milliseconds(before),
        milliseconds(few.times.p95()),
        milliseconds(after),
        milliseconds(many.times.p95()),
        format!("{growth:.2}×"),
    ];
    Ok((cells, verdict))
}

/// A server on one database, and the people who visit it.
struct Visitors {
    administrator: Connection,
    customer: Connection,
    nobody: Connection,
    size: Size,
    /// Ends with this.
    _server: Server,
}

/// A page that is being visited.
struct Visit<'a> {
    connection: &'a mut Connection,
    path: String,
    rows: usize,
    times: Times,
}

impl Visitors {
    fn of(engine: Engine, size: Size) -> Result<Self, Unmeasured> {
        let server = Server::start(&databases::url(engine, size)?)?;
        Ok(Self {
            administrator: server.signed_in(ADMINISTRATOR)?,
            customer: server.signed_in(CUSTOMER)?,
            nobody: server.connection()?,
            size,
            _server: server,
        })
    }

    /// Finds the page's address on this server, and checks that it shows what it should.
    fn open(&mut self, page: &Page) -> Result<Visit<'_>, Unmeasured> {
        let mut path = page.path.to_owned();
        for (placeholder, list, record) in RECORDS {
            if path.contains(placeholder) {
                let html = self.administrator.read(list)?;
                let id =
                    link_behind(&html, record).ok_or_else(|| Unmeasured(format!("{list} has no link to {record}…")))?;
                path = path.replace(placeholder, id);
            }
        }
        let connection = match page.who {
            Who::Administrator => &mut self.administrator,
            Who::Customer => &mut self.customer,
            Who::Nobody => &mut self.nobody,
        };
        let mut html = connection.read(&path)?;
        if page.is_deep {
            for _ in 0..DEPTH {
                let Some(query) = next_page(&html) else { break };
                let (list, _) = path.split_once('?').unwrap_or((&path, ""));
                let next = format!("{list}{query}");
                let following = connection.read(&next)?;
                // The last page but one has as many rows as the first.
                if next_page(&following).is_none() {
                    break;
                }
                (path, html) = (next, following);
            }
        }
        let rows = rows(&html);
        // Among few records nobody may have a rare combination of words.
        if rows == 0 && page.has_rows && self.size == LARGE {
            return Err(Unmeasured(format!("{path} shows no rows")));
        }
        Ok(Visit { connection, path, rows, times: Times::default() })
    }
}

impl Visit<'_> {
    fn visit(&mut self, timed: bool) -> Result<(), Unmeasured> {
        let answer = self.connection.get(&self.path)?;
        if answer.status != 200 {
            return Err(Unmeasured(format!("{} answers {}", self.path, answer.status)));
        }
        if timed {
            self.times.add(answer.took);
        }
        Ok(())
    }
}

/// What stands for a record in a path, the list where an administrator finds it, and what the link to it begins with.
const RECORDS: [(&str, &str, &str); 2] = [
    ("{abc}", "/admin/customers?q=abc", "/admin/customers/"),
    ("{account}", "/admin/accounts?sort=name", "/admin/accounts/"),
];

/// The id behind the first link to `beginning` and a UUID.
fn link_behind<'a>(html: &'a str, beginning: &str) -> Option<&'a str> {
    let beginning = format!("href=\"{beginning}");
    let links = html.split(&beginning).skip(1);
    links.filter_map(|rest| rest.split_once('"')).map(|(id, _)| id).find(|id| id.len() == 36 && id.contains('-'))
}

/// The query of the next page's address.
fn next_page(html: &str) -> Option<String> {
    let (_, pages) = html.split_once("aria-label=\"Pages\"")?;
    let (pages, _) = pages.split_once("</nav>")?;
    let mut links = pages.split("<a ").skip(1).filter_map(|link| link.split_once("</a>"));
    let (link, _) = links.find(|(link, _)| link.contains("Next"))?;
    let (_, href) = link.split_once("href=\"")?;
    let (href, _) = href.split_once('"')?;
    Some(href.replace("&amp;", "&"))
}

/// How many rows the page's tables have, their heads not counted.
fn rows(html: &str) -> usize {
    html.matches("<tr").count().saturating_sub(html.matches("<thead").count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_the_one_behind_the_link_next() {
        let pager = |links: &str| format!("<a href=\"?sort=name\">Name</a><nav aria-label=\"Pages\">{links}</nav>");
        let previous = "<a class=\"button\" href=\"?before=2.b\"><svg/>Previous</a>";
        let both = format!("{previous}<a class=\"button\" href=\"?q=a&amp;after=1.z\">Next<svg/></a>");
        assert_eq!(next_page(&pager(&both)).as_deref(), Some("?q=a&after=1.z"));
        let last = format!("{previous}<span class=\"button\" aria-disabled=\"true\">Next</span>");
        assert_eq!(next_page(&pager(&last)), None);
        assert_eq!(next_page("<p>1 customer</p>"), None);
    }

    #[test]
    fn records_are_found_by_the_links_to_them() {
        let html = "<a href=\"/admin/customers/new\">Add</a> \
                    <a href=\"/admin/customers/01890a5d-ac96-774b-bcce-b302099a8057\">ABC</a>";
        assert_eq!(link_behind(html, "/admin/customers/"), Some("01890a5d-ac96-774b-bcce-b302099a8057"));
        assert_eq!(link_behind(html, "/admin/accounts/"), None);
    }

    #[test]
    fn rows_are_counted_without_heads() {
        let html = "<table><thead><tr><th></tr></thead><tbody><tr><td></tr><tr><td></tr></tbody></table>";
        assert_eq!((rows(html), rows("<p>")), (2, 0));
    }
}
