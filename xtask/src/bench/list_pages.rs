//! The pages whose speed must not depend on how much there is. A new list gets its rows here: as it opens, searched (by
//! words that few and many records have), by each filter, by each column, and far from its beginning.

/// Who visits a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Administrator,
    Customer,
    Nobody,
}

/// A page to be measured.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    pub who: Who,
    /// How the table calls it.
    pub name: &'static str,
    /// Its address; `{abc}` and `{account}` stand for records.
    pub path: &'static str,
    /// Not this page but one many pages behind it.
    pub is_deep: bool,
    /// It shows rows; one that does not is broken.
    pub has_rows: bool,
    /// Measured to compare with; it has no target.
    pub is_baseline: bool,
}

const fn page(who: Who, path: &'static str) -> Page {
    Page { who, name: path, path, is_deep: false, has_rows: true, is_baseline: false }
}

const fn admin(path: &'static str) -> Page {
    page(Who::Administrator, path)
}

const fn customer(path: &'static str) -> Page {
    page(Who::Customer, path)
}

const fn deep(name: &'static str, path: &'static str) -> Page {
    Page { name, is_deep: true, ..admin(path) }
}

const fn empty(page: Page) -> Page {
    Page { has_rows: false, ..page }
}

const fn baseline(path: &'static str) -> Page {
    Page { is_baseline: true, ..empty(page(Who::Nobody, path)) }
}

pub const PAGES: &[Page] = &[
    baseline("/healthz"),
    baseline("/sign-in"),
    // Dashboards are no lists, but they count.
    empty(admin("/admin")),
    admin("/admin/customers"),
    admin("/admin/customers?q=abc"),
    admin("/admin/customers?q=bakery"),
    empty(admin("/admin/customers?q=nobody+has+this")),
    admin("/admin/customers?status=suspended"),
    admin("/admin/customers?class=00000000-0000-7000-8000-000000000001"),
    admin("/admin/customers?sort=status&desc=1"),
    admin("/admin/customers?sort=created&desc=1"),
    deep("/admin/customers, deep", "/admin/customers"),
    Page { name: "/admin/customers/ABC/accounts", ..admin("/admin/customers/{abc}/accounts") },
    Page { name: "/admin/customers/ABC/huntgroups", ..admin("/admin/customers/{abc}/huntgroups") },
    Page { name: "/admin/customers/ABC/history", ..admin("/admin/customers/{abc}/history") },
    admin("/admin/accounts"),
    admin("/admin/accounts?q=smith"),
    admin("/admin/accounts?q=mar"),
    admin("/admin/accounts?q=john+smith"),
    admin("/admin/accounts?q=3000"),
    empty(admin("/admin/accounts?q=nobody+has+this")),
    admin("/admin/accounts?status=blocked"),
    admin("/admin/accounts?status=blocked&q=mar"),
    admin("/admin/accounts?sort=name"),
    admin("/admin/accounts?sort=customer"),
    admin("/admin/accounts?sort=customer&desc=1&status=open"),
    admin("/admin/accounts?sort=status&desc=1"),
    deep("/admin/accounts, deep", "/admin/accounts"),
    deep("/admin/accounts?q=mar, deep", "/admin/accounts?q=mar"),
    deep("/admin/accounts?sort=name, deep", "/admin/accounts?sort=name"),
    Page { name: "/admin/accounts/…/history", ..admin("/admin/accounts/{account}/history") },
    admin("/admin/audit"),
    admin("/admin/audit?q=smith"),
    admin("/admin/audit?q=blocked"),
    admin("/admin/audit?q=smith+extension"),
    admin("/admin/audit?q=desk"),
    empty(admin("/admin/audit?q=nobody+has+this")),
    admin("/admin/audit?kind=account"),
    admin("/admin/audit?kind=huntgroup"),
    admin("/admin/audit?who=admin"),
    admin("/admin/audit?who=system&kind=account"),
    admin("/admin/audit?from=2020-01-01&to=2099-12-31"),
    admin("/admin/audit?from=2020-01-01&kind=account&who=admin&q=smith"),
    deep("/admin/audit, deep", "/admin/audit"),
    deep("/admin/audit?kind=account&who=admin, deep", "/admin/audit?kind=account&who=admin"),
    admin("/admin/xdrs"),
    admin("/admin/xdrs?q=smith"),
    admin("/admin/xdrs?q=32470001"),
    admin("/admin/xdrs?direction=outgoing&answered=yes"),
    admin("/admin/xdrs?cause=busy&q=mar"),
    admin("/admin/xdrs?from=2020-01-01&to=2099-12-31"),
    empty(admin("/admin/xdrs?q=nobody+has+this")),
    deep("/admin/xdrs, deep", "/admin/xdrs"),
    admin("/admin/invoices"),
    admin("/admin/invoices?q=inv-00001"),
    admin("/admin/invoices?standing=open"),
    admin("/admin/invoices?standing=overdue"),
    deep("/admin/invoices, deep", "/admin/invoices"),
    admin("/admin/payments"),
    admin("/admin/payments?q=inv-00001"),
    admin("/admin/payments?state=succeeded"),
    deep("/admin/payments, deep", "/admin/payments"),
    admin("/admin/transactions"),
    deep("/admin/transactions, deep", "/admin/transactions"),
    Page { name: "/admin/customers/ABC/billing", ..admin("/admin/customers/{abc}/billing") },
    Page { name: "/admin/customers/ABC/numbers", ..empty(admin("/admin/customers/{abc}/numbers")) },
    admin("/admin/payment-systems"),
    empty(admin("/admin/calls")),
    empty(admin("/admin/registrations")),
    empty(admin("/admin/recordings")),
    empty(admin("/admin/mail")),
    admin("/admin/classes"),
    admin("/admin/roles"),
    admin("/admin/dialing-rules"),
    admin("/admin/administrators"),
    empty(customer("/self-care")),
    customer("/self-care/extensions"),
    customer("/self-care/extensions?q=desk+5"),
    customer("/self-care/extensions?status=open"),
    customer("/self-care/extensions?sort=name&desc=1"),
    customer("/self-care/huntgroups"),
    customer("/self-care/huntgroups?q=team"),
    customer("/self-care/history"),
    customer("/self-care/history?q=desk"),
    customer("/self-care/history?direction=incoming&answered=no"),
    empty(customer("/self-care/billing")),
    customer("/self-care/invoices"),
    customer("/self-care/payments"),
    empty(customer("/self-care/recordings")),
    empty(customer("/self-care/mailbox")),
    empty(customer("/self-care/console")),
    customer("/self-care/audit"),
    customer("/self-care/audit?q=desk"),
    customer("/self-care/audit?kind=account"),
];
