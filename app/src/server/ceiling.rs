//! Nobody gets above the own role: what [`AccessRole::exceeds`] says, in words for the person who asks.

use tandem_domain::{
    access::{AccessRole, Audience},
    ids::RoleId,
};
use tandem_store::StoreError;

use super::ask::Ask;
use crate::error::AppError;

impl Ask {
    /// Goes on only if the role permits nothing that the asker's own does not: before it is made, changed or given.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], naming the first permission that is above the asker's.
    pub fn gives(&self, role: &AccessRole) -> Result<(), AppError> {
        self.below(role, "an access role that permits more than your own")
    }

    /// As [`Ask::gives`], for a role that is chosen from a list. One that does not exist is the store's to refuse.
    ///
    /// # Errors
    /// As [`Ask::gives`].
    pub async fn gives_chosen(&self, role: RoleId) -> Result<(), AppError> {
        self.role(role).await?.map_or(Ok(()), |role| self.gives(&role))
    }

    /// Goes on only if the people with this role may do nothing that the asker may not: before their sign-in is made, changed
    /// or taken away, or before an administrator is changed. Whoever sets somebody's password can sign in as that person.
    ///
    /// # Errors
    /// [`AppError::Forbidden`], naming the first permission that is above the asker's.
    pub async fn manages(&self, role: RoleId) -> Result<(), AppError> {
        let role = self.role(role).await?;
        role.map_or(Ok(()), |role| self.below(&role, "the sign-in of somebody whose role permits more than yours"))
    }

    /// The roles for these people that the asker may give, and the one that somebody has `now` or that new ones usually have:
    /// id and name, for a choice in a form, which shows the latter at first.
    ///
    /// # Errors
    /// Faults on our side.
    pub async fn role_choices(
        &self,
        audience: Audience,
        now: Option<RoleId>,
    ) -> Result<Vec<(String, String)>, AppError> {
        let roles = self.store().roles().of(audience).await.map_err(|error| self.tell("access role", error))?;
        let offered = roles.into_iter().filter(|role| Some(role.id) == now || self.gives(&role.value).is_ok());
        Ok(offered.map(|role| (role.id.to_string(), role.value.name)).collect())
    }

    /// Whether the people with this role may do something that the asker may not: what [`Ask::manages`] refuses.
    ///
    /// # Errors
    /// Faults on our side.
    pub async fn is_above(&self, role: RoleId) -> Result<bool, AppError> {
        match self.manages(role).await {
            Ok(()) => Ok(false),
            Err(AppError::Forbidden(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn below(&self, role: &AccessRole, what: &str) -> Result<(), AppError> {
        match role.exceeds(&self.me.role) {
            None => Ok(()),
            Some(field) => Err(AppError::Forbidden(format!("{what} ({})", field.words()))),
        }
    }

    async fn role(&self, id: RoleId) -> Result<Option<AccessRole>, AppError> {
        match self.store().roles().get(id).await {
            Ok(role) => Ok(Some(role.value)),
            Err(StoreError::NotFound) => Ok(None),
            Err(error) => Err(self.tell("access role", error)),
        }
    }
}
