//! The card form, which the script puts into the merchant's page as a frame.

use crate::cards::CARDS;

/// The page. Its list of test cards is that of [`CARDS`], those of them that say something.
pub(crate) fn html() -> String {
    let cards: String = CARDS
        .iter()
        .filter(|card| !card.says.is_empty())
        .map(|card| {
            let (number, says) = (card.number, card.says);
            let groups: Vec<&str> =
                (0..number.len()).step_by(4).map(|start| &number[start..number.len().min(start + 4)]).collect();
            let shown = groups.join(" ");
            format!("<li><button type=\"button\" data-number=\"{number}\">{shown}</button> <span>{says}</span></li>")
        })
        .collect();
    format!(
        r##"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Card details</title>
<link rel="stylesheet" href="/v3/sim.css">
</head>
<body class="frame">
<form id="card" novalidate>
<p class="mode"><strong>Test mode</strong> <span>No money moves. Use a test card only, never a real one.</span></p>
<div class="field">
<label for="number">Card number</label>
<div class="number">
<input class="input" id="number" inputmode="numeric" autocomplete="cc-number" placeholder="1234 1234 1234 1234"
 aria-describedby="number-error" maxlength="24" required>
<span id="brand" aria-live="polite"></span>
</div>
<div class="error" id="number-error" role="alert"></div>
</div>
<div class="row">
<div class="field">
<label for="expiry">Expiration date</label>
<input class="input" id="expiry" inputmode="numeric" autocomplete="cc-exp" placeholder="MM / YY"
 aria-describedby="expiry-error" maxlength="9" required>
<div class="error" id="expiry-error" role="alert"></div>
</div>
<div class="field">
<label for="cvc">Security code</label>
<input class="input" id="cvc" inputmode="numeric" autocomplete="cc-csc" placeholder="CVC"
 aria-describedby="cvc-error" maxlength="4" required>
<div class="error" id="cvc-error" role="alert"></div>
</div>
</div>
<details>
<summary>Test cards</summary>
<ul class="cards">{cards}</ul>
</details>
</form>
<script src="/v3/frame.js"></script>
<script src="/v3/card.js"></script>
</body>
</html>
"##
    )
}
