//! Which page of a list? "API reference", *Pagination*: the newest first, `limit` 1 to 100 and 10 unless said, from
//! `starting_after` on or up to `ending_before`.

use serde_json::{Value, json};

use super::{error::ApiError, form::Node};

/// A page of a list whose ids come the newest first. Only the objects of the page are written.
pub(crate) fn page<'a>(
    url: &str,
    given: &Node,
    ids: impl Iterator<Item = &'a str>,
    write: impl Fn(&str) -> Option<Value>,
) -> Result<Value, ApiError> {
    let limit = given.number(&["limit"]).unwrap_or(10);
    let refused = |says: &str| {
        Err(ApiError::request(format!("This value must be {says} (it currently is '{limit}')."))
            .code("parameter_invalid_integer")
            .param("limit"))
    };
    if limit < 1 {
        return refused("greater than or equal to 1");
    }
    if limit > 100 {
        return refused("less than or equal to 100");
    }
    let limit = usize::try_from(limit).unwrap_or(10);
    let mut ids: Vec<&str> = ids.collect();
    let place = |name: &str| match given.said(name) {
        None => Ok(None),
        Some(id) => match ids.iter().position(|known| *known == id) {
            Some(place) => Ok(Some(place)),
            None => Err(ApiError::no_such_param("object", id, name)),
        },
    };
    let (after, before) = (place("starting_after")?, place("ending_before")?);
    let has_more = match (after, before) {
        (Some(_), Some(_)) => {
            return Err(ApiError::request("You cannot parameterize both starting_after and ending_before."));
        }
        (None, Some(before)) => {
            ids.truncate(before);
            let more = ids.len() > limit;
            ids.drain(..ids.len().saturating_sub(limit));
            more
        }
        (after, None) => {
            ids.drain(..after.map_or(0, |after| after + 1));
            let more = ids.len() > limit;
            ids.truncate(limit);
            more
        }
    };
    let data: Vec<Value> = ids.into_iter().filter_map(write).collect();
    Ok(json!({ "object": "list", "data": data, "has_more": has_more, "url": url }))
}

/// Whether something made at `created` is within the bounds of the request.
pub(crate) fn created_within(given: &Node, created: i64) -> bool {
    if let Some(exactly) = given.number(&["created"]) {
        return created == exactly;
    }
    let bound = |name: &str| given.number(&["created", name]);
    bound("gt").is_none_or(|bound| created > bound)
        && bound("gte").is_none_or(|bound| created >= bound)
        && bound("lt").is_none_or(|bound| created < bound)
        && bound("lte").is_none_or(|bound| created <= bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(query: &str) -> (Vec<String>, bool) {
        let all: Vec<String> = (1..=25).rev().map(|n| format!("x_{n}")).collect();
        let given = Node::read(query.as_bytes()).unwrap();
        let page = page("/v1/x", &given, all.iter().map(|id| &**id), |id| Some(json!({ "id": id }))).unwrap();
        let ids = page["data"].as_array().unwrap().iter().map(|object| object["id"].as_str().unwrap().to_owned());
        (ids.collect(), page["has_more"].as_bool().unwrap())
    }

    #[test]
    fn a_list_is_walked_page_by_page_in_both_directions() {
        let (first, more) = ids("");
        assert_eq!((first.len(), &*first[0], more), (10, "x_25", true));
        let (last, more) = ids("limit=100&starting_after=x_3");
        assert_eq!((last, more), (vec!["x_2".to_owned(), "x_1".to_owned()], false));
        let (back, more) = ids("limit=2&ending_before=x_20");
        assert_eq!((back, more), (vec!["x_22".to_owned(), "x_21".to_owned()], true));
    }
}
