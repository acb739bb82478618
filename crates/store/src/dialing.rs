//! Which codes a customer and its accounts dial: the assigned rule, the customer's own, and what is in effect.

use tandem_domain::{
    access::Tenant,
    audit::Subject,
    dialing::{CustomerDialing, DialingMode, EffectiveRule, PbxCodes, RuleSource},
    ids::{AccountId, CustomerId, DialingRuleId, Stored, Version},
    settings::{Setting, Value},
};

use crate::{
    Change, Store, StoreError, codes,
    db::{Row, Sql, sql},
    dialing_rules,
    diff::{Values, changes, values},
    saving::About,
};

/// A customer's codes. See [`Store::dialing`].
#[derive(Clone, Copy)]
pub struct Dialing<'a> {
    pub(crate) store: &'a Store,
    pub(crate) tenant: Tenant,
}

impl Dialing<'_> {
    /// What the customer has chosen. Its version is its own, not the customer record's.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self) -> Result<Stored<CustomerId, CustomerDialing>, StoreError> {
        self.store.db.one(self.row()).await?.as_ref().map(stored).transpose()?.ok_or(StoreError::NotFound)
    }

    /// Saves the choice over version `expected`, and tells the new version.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Stale`]; [`StoreError::Refused`]: `dialing_rule` that does not exist.
    pub async fn update(
        &self,
        expected: Version,
        dialing: &CustomerDialing,
        change: &Change<'_>,
    ) -> Result<Version, StoreError> {
        let id = self.tenant.customer();
        let mut write = self.store.write(change).await?;
        let row = write.one(self.row()).await?.ok_or(StoreError::NotFound)?;
        let old = stored(&row)?;
        if old.version != expected {
            return Err(write.stale(id, expected, old.version, is_own_field).await);
        }
        let rule = dialing_rules::name_of(&mut write, dialing.assigned).await?;
        let was = fields(&old.value, &row.text_or_null("rule")?.unwrap_or_default());
        let told = changes(&was, &fields(dialing, &rule));
        if told.is_empty() {
            return Ok(expected);
        }
        let update = "UPDATE customer_dialing SET version = version + 1, mode = $1, rule_id = $2, spy_prefix = $3, \
                      whisper_prefix = $4, barge_in_prefix = $5, spy_digit = $6, whisper_digit = $7, barge_in_digit = $8, \
                      record_start = $9, record_stop = $10 WHERE customer_id = $11 AND version = $12";
        let update = sql(update)
            .bind(dialing.mode.key())
            .bind(dialing.assigned)
            .bind_all(codes::args(&dialing.custom))
            .bind(id)
            .bind(expected);
        if write.run(update).await? == 0 {
            return Err(write.overtaken(self.row(), id, expected, is_own_field).await);
        }
        let about = About::of(id, Subject::Customer, id, &row.text("name")?);
        write.tell(&about, "changed", Some(expected.next()), told).await?;
        write.commit().await?;
        Ok(expected.next())
    }

    /// The codes in effect for the customer's accounts that have no rule of their own: the custom ones where the dialing
    /// rules option is on and the custom rule is chosen, else those of the assigned rule, else the built-in ones.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn effective(&self) -> Result<EffectiveRule, StoreError> {
        let row = self.store.db.one(self.row()).await?.ok_or(StoreError::NotFound)?;
        let dialing = stored(&row)?.value;
        if dialing.mode == DialingMode::Custom && option_is_on(&row)? {
            return Ok(EffectiveRule { codes: dialing.custom, source: RuleSource::Custom });
        }
        match dialing.assigned {
            Some(rule) => self.rule(rule, RuleSource::Assigned).await,
            None => self.rule(dialing_rules::DEFAULT, RuleSource::BuiltIn).await,
        }
    }

    /// The codes in effect for an account: its own rule's, else its customer's.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for another tenant's account.
    pub async fn effective_for(&self, account: AccountId) -> Result<EffectiveRule, StoreError> {
        let rule = "SELECT id, dialing_rule_id FROM account WHERE id = $1 AND customer_id = $2";
        let rule = sql(rule).bind(account).bind(self.tenant.customer());
        let row = self.store.db.one(rule).await?.ok_or(StoreError::NotFound)?;
        match row.parse_or_null("dialing_rule_id")? {
            Some(rule) => self.rule(rule, RuleSource::Account).await,
            None => self.effective().await,
        }
    }

    /// The customer's choice, with the name of the assigned rule and the stored value of the dialing rules option.
    fn row(&self) -> Sql {
        let row = "SELECT d.*, d.customer_id AS id, c.name, r.name AS rule, s.value AS dialing_rules_option \
                   FROM customer_dialing d JOIN customer c ON c.id = d.customer_id \
                   LEFT JOIN dialing_rule r ON r.id = d.rule_id \
                   LEFT JOIN customer_setting s ON s.customer_id = d.customer_id AND s.setting = $1 \
                   WHERE d.customer_id = $2";
        sql(row).bind(Setting::DialingRulesOption.key()).bind(self.tenant.customer())
    }

    /// The codes of a rule of the provider's.
    async fn rule(&self, id: DialingRuleId, source: fn(String) -> RuleSource) -> Result<EffectiveRule, StoreError> {
        let row = self.store.db.one(dialing_rules::by_id(id)).await?.ok_or(StoreError::NotFound)?;
        let rule = dialing_rules::stored(&row)?.value;
        Ok(EffectiveRule { codes: rule.codes, source: source(rule.name) })
    }
}

fn option_is_on(row: &Row) -> Result<bool, StoreError> {
    let option = Setting::DialingRulesOption;
    let Some(stored) = row.text_or_null(option.key())? else { return Ok(option.default_value().is_on()) };
    option.parse(&stored).map(Value::is_on).map_err(|_| row.corrupt(option.key(), stored))
}

/// The choice of a new customer.
pub(crate) fn insert(customer: CustomerId, mode: DialingMode, codes: &PbxCodes) -> Sql {
    let columns = codes::COLUMNS;
    let insert = format!(
        "INSERT INTO customer_dialing (customer_id, version, mode, {columns}) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    );
    sql(insert).bind(customer).bind(Version::FIRST).bind(mode.key()).bind_all(codes::args(codes))
}

fn stored(row: &Row) -> Result<Stored<CustomerId, CustomerDialing>, StoreError> {
    let dialing = CustomerDialing {
        assigned: row.parse_or_null("rule_id")?,
        mode: row.read("mode", DialingMode::from_key)?,
        custom: codes::read(row)?,
    };
    Ok(Stored { id: row.parse("id")?, version: row.version()?, value: dialing })
}

fn fields(dialing: &CustomerDialing, rule: &str) -> Values {
    let mut fields = values([("dialing_rule", rule.to_owned()), ("dialing_mode", dialing.mode.key().to_owned())]);
    fields.extend(codes::values(&dialing.custom));
    fields
}

/// Whether a field belongs to the choice of codes, which has a version of its own beside the customer record's.
pub(crate) fn is_own_field(field: &str) -> bool {
    field == "dialing_rule" || field == "dialing_mode" || codes::is_code(field)
}
