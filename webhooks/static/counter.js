// A slip of the pen is told while it is typed: offers/coupons.py makes the check letter that is checked here.
"use strict";

const LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
const BODY = 9;
const MODULUS = 31;

function slips(code) {
  const [body, check] = code.trim().toUpperCase().split("-").slice(-2);
  if (check === undefined || body.length !== BODY || check.length !== 1) {
    return false;
  }
  const places = [...body].map((letter) => LETTERS.indexOf(letter));
  const sum = places.reduce((before, place, at) => before + (at + 2) * place, 0);
  return places.includes(-1) || sum % MODULUS !== LETTERS.indexOf(check);
}

const field = document.getElementById("code");
const slip = document.getElementById("slip");

field.addEventListener("input", () => {
  slip.textContent = slips(field.value) ? slip.dataset.slip : "";
});
