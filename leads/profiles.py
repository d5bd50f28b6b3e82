"""Profiles: a lead under the field names into which a CRM imports, so that a file or a page needs no mapping by hand.

Sources, all read 2026-11:
- HubSpot: https://knowledge.hubspot.com/articles/kcs_article/contacts/set-up-your-import-file (a column a property, CSV
  or Excel with a header) and https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide.md
  (`email` tells contacts apart; one of `email`, `firstname`, `lastname` has to be there). `fanfare_*` are properties of
  your own, of which `fanfare_id` has unique values. `lifecyclestage` takes the values of
  https://knowledge.hubspot.com/contacts/use-lifecycle-stages; what HubSpot sets by itself only moves forward.
- Salesforce: the Lead object in the Object Reference,
  https://developer.salesforce.com/docs/atlas.en-us.sfFieldRef.meta/sfFieldRef/salesforce_field_reference_Lead.htm
  (API names and lengths; `LastName` and `Company` are required). `Fanfare_Id__c` is an External ID of your own, by
  which an upsert of the Bulk API 2.0 finds a lead again.
- Odoo: `crm.lead` in https://github.com/odoo/odoo/blob/694f48a5/addons/crm/models/crm_lead.py (`name` and `type` are
  required); `id` is the External ID, by which a second import brings the first up to date (Odoo's import FAQ).
  `source_id`, `medium_id` and `campaign_id` are those of `utm.mixin` in addons/utm/models/utm_mixin.py, told by name,
  and of the last touch, since Odoo knows one. Let the import create the names that it does not know.
- EspoCRM: `Lead` in https://github.com/espocrm/espocrm, application/Espo/Modules/Crm/Resources/metadata/entityDefs/
  Lead.json (`lastName` is required; status and source are enumerations). `cFanfareId` and its like are fields of your
  own, for which EspoCRM itself begins the name with a `c`.

Of the four, HubSpot alone has a field for how far somebody has come. The status of a lead elsewhere says what the
brand's own people did with him, and "converted" makes other records there: so the stage is a field of your own, or a
remark.

A lead who was merged, withdrawn or erased keeps his number, is shut off by the CRM's own field for that, and has every
contact field empty: let your import write empty values, too.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from leads import rows
from leads.records import Record
from leads.rows import TOUCHES, Row

Value = str | bool | None
Field = Callable[[Row], Value]

LIFECYCLE = {
    "anonymous": "subscriber",
    "reachable": "subscriber",
    "identified": "lead",
    "qualified": "marketingqualifiedlead",
    "customer": "customer",
}
UTM = ("utm_source", "utm_medium", "utm_campaign")
UNKNOWN = "[not provided]"  # where a CRM insists on a name


class Profile(StrEnum):
    HUBSPOT = "hubspot"
    SALESFORCE = "salesforce"
    ODOO = "odoo"
    ESPOCRM = "espocrm"


def of(record: Record, profile: Profile) -> dict[str, Value]:
    row = rows.of(record)
    return {name: field(row) for name, field in FIELDS[profile].items()}


def _same(column: str, longest: int | None = None) -> Field:
    return lambda row: (row[column] or "")[:longest] or None


def _always(value: Value) -> Field:
    return lambda _: value


def _while_active(value: Value, otherwise: Value) -> Field:
    return lambda row: value if row["status"] == "active" else otherwise


def _lifecycle(row: Row) -> str:
    return LIFECYCLE.get(row["stage"] or "", "lead") if row["status"] == "active" else "other"


def _first_name(longest: int) -> Field:
    return lambda row: _names(row)[0][:longest] or None


def _last_name(longest: int, otherwise: str | None = None) -> Field:
    return lambda row: _names(row)[1][:longest] or otherwise


def _names(row: Row) -> tuple[str, str]:
    """What he told, or else what the platform calls him: its first word, and the rest. A single word is a last name,
    which CRMs insist on."""
    if row["first_name"] or row["last_name"]:
        return row["first_name"] or "", row["last_name"] or ""
    first, _, last = (row["name"] or "").strip().partition(" ")
    return (first, last.strip()) if last else ("", first)


def _known_as(row: Row) -> str:
    return " ".join(filter(None, _names(row))) or row["email"] or UNKNOWN


def _external_id(row: Row) -> str:
    """Odoo takes what stands before a point for the name of a module."""
    return f"fanfare_lead_{row['id']}"


def _no_mail(row: Row) -> bool:
    return not row["email"]


def _no_call(row: Row) -> bool:
    return not row["phone"]


def _remarks(row: Row) -> str | None:
    """What has no field of its own there."""
    told = {"Consent": row["consent"], "Offer": row["offer_name"], "Code": row["code"], "Post": row["post"]}
    told |= {"Birthday": row["birthday"], "Stage": row["stage"], "Score": row["score"]}
    told |= {"First touch": _touch(row, "first_touch"), "Last touch": _touch(row, "last_touch")}
    return "\n".join(f"{name}: {value}" for name, value in told.items() if value) or None


def _touch(row: Row, which: str) -> str:
    """ "telegram, ete, shop window / poster / summer": where, for which offer, by which link."""
    link = " / ".join(word for part in UTM if (word := row[f"{which}_{part}"]))
    friend = "by a friend" if row[f"{which}_by_friend"] == "true" else ""
    return ", ".join(word for word in (row[f"{which}_platform"], row[f"{which}_offer"], link, friend) if word)


FIELDS: Mapping[Profile, Mapping[str, Field]] = {
    Profile.HUBSPOT: {
        "fanfare_id": _same("id"),
        "email": _same("email"),
        "firstname": _first_name(255),
        "lastname": _last_name(255),
        "phone": _same("phone"),
        "zip": _same("postcode"),
        "hs_language": _same("language"),
        "lifecyclestage": _lifecycle,
        "fanfare_stage": _same("stage"),
        "fanfare_score": _same("score"),
        "fanfare_status": _same("status"),
        "fanfare_merged_into": _same("merged_into"),
        "fanfare_consent": _same("consent"),
        "fanfare_platform": _same("platform"),
        "fanfare_offer": _same("offer"),
        "fanfare_code": _same("code"),
        **{f"fanfare_{which}_{part}": _same(f"{which}_{part}") for which in TOUCHES for part in ("platform", *UTM)},
        "fanfare_updated_at": _same("updated_at"),
    },
    Profile.SALESFORCE: {
        "Fanfare_Id__c": _same("id"),
        "FirstName": _first_name(40),
        "LastName": _last_name(80, UNKNOWN),
        "Company": _always(UNKNOWN),
        "Email": _same("email", 80),
        "Phone": _same("phone", 40),
        "PostalCode": _same("postcode", 20),
        "LeadSource": _same("platform"),
        "HasOptedOutOfEmail": _no_mail,
        "Description": _remarks,
        "Fanfare_Stage__c": _same("stage"),
        "Fanfare_Score__c": _same("score"),
        "Fanfare_Status__c": _same("status"),
        "Fanfare_Merged_Into__c": _same("merged_into"),
    },
    Profile.ODOO: {
        "id": _external_id,
        "name": _known_as,
        "type": _always("lead"),
        "contact_name": lambda row: " ".join(filter(None, _names(row))) or None,
        "email_from": _same("email"),
        "phone": _same("phone"),
        "zip": _same("postcode"),
        "referred": _same("platform"),
        "source_id": _same("last_touch_utm_source"),
        "medium_id": _same("last_touch_utm_medium"),
        "campaign_id": _same("last_touch_utm_campaign"),
        "description": _remarks,
        "active": _while_active(True, False),
    },
    Profile.ESPOCRM: {
        "cFanfareId": _same("id"),
        "firstName": _first_name(100),
        "lastName": _last_name(100, UNKNOWN),
        "emailAddress": _same("email"),
        "emailAddressIsOptedOut": _no_mail,
        "phoneNumber": _same("phone"),
        "addressPostalCode": _same("postcode"),
        "doNotCall": _no_call,
        "status": _while_active("New", "Dead"),
        "source": _while_active("Campaign", None),
        "description": _remarks,
        "cFanfareStage": _same("stage"),
        "cFanfareScore": _same("score"),
        "cFanfareStatus": _same("status"),
        "cFanfareMergedInto": _same("merged_into"),
    },
}
