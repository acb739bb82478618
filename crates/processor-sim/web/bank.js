// The bank's page within the merchant's: tells the script that the customer has answered. It says nothing else.
"use strict";

if (window.parent !== window) window.parent.postMessage({ sim: "tandem", event: "bank" }, "*");
