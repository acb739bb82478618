//! What a request must be.

use http::Method;
use serde_json::Value;
use tandem_processor_sim::{Asked, Options};

use crate::client::{Merchant, id};

#[tokio::test]
async fn only_known_parameters_are_taken() {
    let stripe = Merchant::new().await;
    let refused = |fields: Vec<(&'static str, &'static str)>| {
        let stripe = &stripe;
        async move {
            let answer = stripe.post("/v1/payment_intents", &fields).await;
            let error = answer.json()["error"].clone();
            let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            assert_eq!((answer.status, text("type")), (400, "invalid_request_error".to_owned()), "{error}");
            (text("code"), text("param"))
        }
    };
    let with = |name, value| vec![("amount", "12000"), ("currency", "eur"), (name, value)];
    let expect = |code: &str, param: &str| (code.to_owned(), param.to_owned());
    assert_eq!(refused(with("colour", "red")).await, expect("parameter_unknown", "colour"));
    let nested = "payment_method_options[card][colour]";
    assert_eq!(refused(with(nested, "red")).await, expect("parameter_unknown", nested));
    assert_eq!(refused(with("transfer_group", "x")).await, expect("sim_not_simulated", "transfer_group"));
    assert_eq!(refused(with("customer", "cus_x")).await, expect("resource_missing", "customer"));
    assert_eq!(refused(with("payment_method", "pm_x")).await, expect("resource_missing", "payment_method"));
    assert_eq!(refused(with("confirm", "yes")).await, expect("", "confirm"));
    assert_eq!(refused(with("setup_future_usage", "later")).await, expect("", "setup_future_usage"));
    assert_eq!(refused(with("off_session", "true")).await, expect("", "off_session"));
    assert_eq!(refused(with("return_url", "https://x.example")).await, expect("", "return_url"));
    assert_eq!(refused(with("description", "")).await, expect("parameter_invalid_empty", "description"));
    assert_eq!(refused(with("expand[]", "nothing")).await, expect("", "expand"));
    let long = with("statement_descriptor", "12345678901234567890123");
    assert_eq!(refused(long).await, expect("parameter_invalid_string_too_long", "statement_descriptor"));
    assert_eq!(refused(vec![("currency", "eur")]).await, expect("parameter_missing", "amount"));
    assert_eq!(
        refused(vec![("amount", "12.5"), ("currency", "eur")]).await,
        expect("parameter_invalid_integer", "amount")
    );
    assert_eq!(refused(vec![("amount", "49"), ("currency", "eur")]).await, expect("amount_too_small", "amount"));
    assert_eq!(refused(vec![("amount", "100000000"), ("currency", "eur")]).await, expect("amount_too_large", "amount"));
    assert_eq!(refused(vec![("amount", "5000"), ("currency", "xyz")]).await, expect("", "currency"));
}

#[tokio::test]
async fn the_types_of_methods_are_named_as_the_version_names_them() {
    let stripe = Merchant::new().await;
    let create = async |version: &str, name: &str, kind: &str| {
        let fields = [("amount", "12000"), ("currency", "eur"), (name, kind)];
        stripe.post_as("sk_test_tandem", "/v1/payment_intents", &fields, &[("stripe-version", version)]).await
    };
    let (old, new) = ("2026-07-29.dahlia", "2026-09-30.endive");
    create(old, "payment_method_types[]", "card").await.good();
    create(new, "allowed_payment_method_types[]", "card").await.good();
    assert_eq!(create(new, "payment_method_types[]", "card").await.error().2, "parameter_unknown");
    assert_eq!(create(new, "allowed_payment_method_types[]", "ideal").await.status, 400);
    let ideal = [("type", "card"), ("ideal[bank]", "ing")];
    assert_eq!(stripe.post("/v1/payment_methods", &ideal).await.error().2, "sim_not_simulated");
}

#[tokio::test]
async fn metadata_has_its_limits() {
    let stripe = Merchant::new().await;
    let long_key = format!("metadata[{}]", "k".repeat(41));
    let long_value = "v".repeat(501);
    for (name, value) in [(&*long_key, "x"), ("metadata[k]", &*long_value), ("metadata", "x")] {
        assert_eq!(stripe.post("/v1/customers", &[(name, value)]).await.status, 400, "{name}");
    }
    let names: Vec<String> = (0..51).map(|n| format!("metadata[k{n}]")).collect();
    let fields: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "x")).collect();
    assert_eq!(stripe.post("/v1/customers", &fields).await.status, 400);
    stripe.post("/v1/customers", &fields[..50]).await.good();
}

#[tokio::test]
async fn who_asks_must_have_a_key_and_the_right_one() {
    let stripe = Merchant::new().await;
    let balance = |headers: Vec<(&'static str, &'static str)>| {
        let stripe = &stripe;
        async move { stripe.send(Method::GET, "/v1/balance", &headers, String::new()).await.unwrap() }
    };
    assert_eq!(balance(vec![]).await.status, 401);
    let wrong = balance(vec![("authorization", "Bearer sk_test_wrong_4321")]).await;
    assert_eq!(wrong.json()["error"]["message"], "Invalid API Key provided: sk_test_****4321");
    // "sk_test_tandem:" in base 64.
    assert_eq!(balance(vec![("authorization", "Basic c2tfdGVzdF90YW5kZW06")]).await.status, 200);
    let public = balance(vec![("authorization", "Bearer pk_test_tandem")]).await;
    assert_eq!((public.status, &*public.error().2), (403, "secret_key_required"));
}

#[tokio::test]
async fn the_version_is_said_back_and_must_be_one() {
    let stripe = Merchant::new().await;
    let get = |version: Option<&'static str>| {
        let stripe = &stripe;
        async move {
            let mut headers = vec![("authorization", "Bearer sk_test_tandem")];
            headers.extend(version.map(|version| ("stripe-version", version)));
            stripe.send(Method::GET, "/v1/balance", &headers, String::new()).await.unwrap()
        }
    };
    assert_eq!(get(None).await.header("stripe-version"), Some("2026-09-30.endive"));
    let answer = get(Some("2025-09-30.clover")).await;
    assert_eq!(answer.header("stripe-version"), Some("2025-09-30.clover"));
    assert!(answer.header("request-id").unwrap().starts_with("req_"));
    assert_eq!(get(Some("2025-13-01")).await.error().1, "invalid_request_error");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let stripe = Merchant::new().await;
    for path in [
        "/v1/payment_intents/pi_x",
        "/v1/setup_intents/seti_x",
        "/v1/customers/cus_x",
        "/v1/payment_methods/pm_x",
        "/v1/charges/ch_x",
        "/v1/refunds/re_x",
        "/v1/events/evt_x",
    ] {
        assert_eq!(stripe.get(path).await.error(), (404, "invalid_request_error".into(), "resource_missing".into()));
    }
    assert_eq!(stripe.get("/v1/subscriptions").await.status, 404);
    let json = [("authorization", "Bearer sk_test_tandem"), ("content-type", "application/json")];
    let answer = stripe.send(Method::POST, "/v1/customers", &json, "{}".to_owned()).await.unwrap();
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn lists_come_in_pages_the_newest_first() {
    let stripe = Merchant::new().await;
    let customer = stripe.customer().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(id(&stripe.intent(&[("customer", &customer)]).await));
    }
    stripe.intent(&[]).await;
    made.reverse();
    let mut walked = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/v1/payment_intents?customer={customer}&limit=2{after}");
        let page = stripe.get(&path).await.good();
        walked.extend(page["data"].as_array().unwrap().iter().map(id));
        if page["has_more"] == false {
            break;
        }
        after = format!("&starting_after={}", walked.last().unwrap());
    }
    assert_eq!(walked, made);
    let list = stripe.get("/v1/payment_intents?created[gt]=4000000000").await.good();
    assert_eq!((&list["data"], &list["url"]), (&Value::Array(vec![]), &"/v1/payment_intents".into()));
    assert_eq!(stripe.get("/v1/payment_intents?limit=101").await.status, 400);
    let expanded = stripe.get("/v1/payment_intents?expand[]=data.customer&limit=2").await.good();
    assert_eq!(expanded["data"][1]["customer"]["email"], "mary@abc.example");
}

#[tokio::test]
async fn a_customer_is_kept_changed_and_deleted() {
    let stripe = Merchant::new().await;
    let customer = stripe.customer().await;
    let path = format!("/v1/customers/{customer}");
    let fields = [("email", ""), ("address[city]", "Ghent"), ("metadata[id]", "c1")];
    let changed = stripe.post(&path, &fields).await.good();
    assert_eq!((&changed["email"], &changed["address"]["city"]), (&Value::Null, &"Ghent".into()));
    let method = stripe.post("/v1/payment_methods/pm_card_visa/attach", &[("customer", &customer)]).await.good();
    let default = [("invoice_settings[default_payment_method]", &*id(&method))];
    let changed = stripe.post(&path, &default).await.good();
    assert_eq!(changed["invoice_settings"]["default_payment_method"], *id(&method));
    assert_eq!(stripe.post(&path, &[("invoice_settings[default_payment_method]", "pm_x")]).await.status, 400);
    let bearer = [("authorization", "Bearer sk_test_tandem")];
    let gone = stripe.send(Method::DELETE, &path, &bearer, String::new()).await.unwrap().good();
    assert_eq!(gone["deleted"], true);
    assert_eq!(stripe.get(&path).await.status, 404);
    assert_eq!(stripe.get(&format!("/v1/payment_methods/{}", id(&method))).await.good()["customer"], Value::Null);
}

#[tokio::test]
async fn what_came_is_written_down_and_a_strict_one_insists_on_version_and_key() {
    let stripe = Merchant::with(Options { strict: true, ..Options::default() }).await;
    let key = "sk_test_tandem";
    let version = ("stripe-version", "2026-09-30.endive");
    assert_eq!(stripe.get("/v1/balance").await.error().2, "sim_strict");
    assert_eq!(stripe.post_as(key, "/v1/customers", &[], &[version]).await.error().2, "sim_strict");
    stripe.post_as(key, "/v1/customers", &[], &[version, ("idempotency-key", "k1")]).await.good();
    let asked = stripe.control.requests("POST", "/v1/customers");
    let expected = |key: Option<&str>, status| Asked {
        method: "POST".into(),
        path: "/v1/customers".into(),
        version: Some(version.1.into()),
        key: key.map(str::to_owned),
        status: Some(status),
    };
    assert_eq!(asked, [expected(None, 400), expected(Some("k1"), 200)]);
    assert_eq!(stripe.control.requests("", "").len(), 3);
}

#[tokio::test]
async fn with_a_file_it_remembers_from_one_start_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stand-in.json");
    let start = || Merchant::with(Options { file: Some(file.clone()), ..Options::default() });
    let stripe = start().await;
    let customer = stripe.customer().await;
    let path = "/v1/payment_methods/pm_card_authenticationRequired/attach";
    let card = id(&stripe.post(path, &[("customer", &customer)]).await.good());
    let asked = stripe.pay(&card, &[("customer", &customer)]).await.good();
    let declined = stripe.pay(&card, &[("customer", &customer), ("off_session", "true")]).await;
    let once = stripe.post_once("k", "/v1/customers", &[]).await;
    drop(stripe);

    let stripe = start().await;
    let charge = declined.json()["error"]["charge"].as_str().unwrap().to_owned();
    let charge = stripe.get(&format!("/v1/charges/{charge}")).await.good();
    assert_eq!(charge["failure_code"], "authentication_required");
    assert_eq!(stripe.post_once("k", "/v1/customers", &[]).await.text, once.text);
    // The bank still waits, at the new address.
    let asked = stripe.now(&asked).await;
    stripe.bank(&asked, &[("action", "confirm"), ("password", "123456")]).await;
    assert_eq!(stripe.now(&asked).await["status"], "succeeded");
    assert_eq!(stripe.control.tally("p1").charges, 1);
    drop(stripe);

    std::fs::write(&file, "{").unwrap();
    let stripe = start().await;
    assert_eq!(stripe.get(&format!("/v1/customers/{customer}")).await.status, 404);
    assert!(folder.path().join("stand-in.json.unreadable").exists());
}

#[tokio::test]
async fn a_server_is_told_whose_account_its_key_is_of_and_a_browser_is_not() {
    let account = "acct_1OfSomebodyElse0".to_owned();
    let stripe = Merchant::with(Options { account: account.clone(), ..Options::default() }).await;
    let told = stripe.get("/v1/account").await.good();
    assert_eq!(
        (id(&told), told["object"].as_str(), told["type"].as_str()),
        (account, Some("account"), Some("standard"))
    );
    assert_eq!(stripe.get("/v1/account?colour=red").await.error().2, "parameter_unknown");
    let browser = [("authorization", "Bearer pk_test_tandem")];
    let refused = stripe.send(Method::GET, "/v1/account", &browser, String::new()).await.unwrap();
    assert_eq!(refused.status, 403);
}
