"""The reasons (CARC) that payers give, sorted by what they mean here, in our own words.

The words and the sorting are this project's; the code list's own texts are licensed and not repeated.
"""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    words: str
    category: str = ""  # a Claim.Category, for denials


# The patient's part under PR; under other groups somebody else's, and still no denial.
COST_SHARING = {
    "1": Reason("Deductible"),
    "2": Reason("Coinsurance"),
    "3": Reason("Copay"),
    "66": Reason("Blood deductible"),
    "85": Reason("Interest that the patient owes"),
    "126": Reason("Deductible under major medical"),
    "127": Reason("Coinsurance under major medical"),
    "142": Reason("Monthly share under Medicaid"),
    "178": Reason("Spend-down is not met yet"),
    "187": Reason("Paid out of the patient's own health account"),
    "241": Reason("Copay reduced by the low-income subsidy"),
    "247": Reason("Deductible for a professional service billed by an institution"),
    "248": Reason("Coinsurance for a professional service billed by an institution"),
}

# Agreed with the payer or set by law.
CONTRACTUAL = {
    "24": Reason("Covered by the monthly capitation"),
    "41": Reason("Discount agreed with the preferred provider"),
    "42": Reason("Above the fee schedule"),
    "43": Reason("Reduction set by law"),
    "44": Reason("Discount for prompt payment"),
    "45": Reason("Above the contracted or allowed amount"),
    "59": Reason("Reduced because several procedures were done together"),
    "69": Reason("Day outlier"),
    "70": Reason("Cost outlier"),
    "74": Reason("Indirect medical education"),
    "75": Reason("Direct medical education"),
    "76": Reason("Disproportionate share of the poor"),
    "89": Reason("Professional fees taken out"),
    "90": Reason("Cost of ingredients"),
    "91": Reason("Dispensing fee"),
    "94": Reason("More was paid than charged"),
    "102": Reason("Major medical"),
    "103": Reason("Promotional discount"),
    "104": Reason("Withheld under managed care"),
    "105": Reason("Tax withheld"),
    "118": Reason("Part of the end-stage renal network's support"),
    "121": Reason("Indemnity for what the member still owes"),
    "122": Reason("Psychiatric reduction"),
    "131": Reason("Discount negotiated for this claim"),
    "132": Reason("Demonstration project's adjustment"),
    "137": Reason("Regulatory surcharge or tax"),
    "139": Reason("Contracted rate of the funding agency"),
    "143": Reason("Part of the payment is deferred"),
    "144": Reason("Incentive"),
    "161": Reason("Bonus for the provider's performance"),
    "172": Reason("Adjusted because of the provider's specialty"),
    "186": Reason("Level of care adjusted"),
    "194": Reason("Anaesthesia by the operating physician"),
    "209": Reason("Forbidden to bill the patient"),
    "223": Reason("Required by law"),
    "237": Reason("Penalty set by law"),
    "253": Reason("Federal sequestration"),
    "245": Reason("Withheld under a performance programme"),
    "134": Reason("Technical fees taken out"),
    "232": Reason("Transfer between institutions"),
    "260": Reason("Medicaid's enhanced fee schedule"),
    "A2": Reason("Contractual adjustment"),
    "A5": Reason("Capital cost outlier"),
    "B6": Reason("Adjusted to the provider's kind"),
    "P5": Reason("Reasonable and customary limit"),
    "P12": Reason("Workers' compensation fee schedule"),
    "P13": Reason("Workers' compensation rules"),
    "P23": Reason("Medical payments fee schedule"),
    "P24": Reason("Preferred provider's rate"),
    "P25": Reason("Managed care network's rate"),
    "P26": Reason("Voluntary network's rate"),
}

# Neither a denial nor agreed: what another payer did, tax, interest, where to look.
NEUTRAL = {
    "23": Reason("What an earlier payer paid or adjusted"),
    "72": Reason("Coinsurance day"),
    "93": Reason("No adjustment of the claim as a whole"),
    "100": Reason("Paid to the patient or another"),
    "101": Reason("Estimate before the service"),
    "123": Reason("Refund by the payer after an overpayment"),
    "124": Reason("Refund by the payer: not its patient"),
    "130": Reason("Fee for submitting the claim"),
    "133": Reason("The decision is still pending"),
    "136": Reason("An earlier payer's coverage rules were not followed"),
    "169": Reason("Another benefit was provided instead"),
    "201": Reason("Settled under workers' compensation; the patient's set-aside pays"),
    "215": Reason("Settled with another insurer"),
    "195": Reason("Refund by a payer that paid out of turn"),
    "221": Reason("Under investigation"),
    "225": Reason("Penalty or interest"),
    "235": Reason("Sales tax"),
    "246": Reason("Reported only, nothing to pay"),
    "A0": Reason("Patient refund"),
    "A7": Reason("Presumptive payment adjusted"),
    "B2": Reason("Covered visits"),
    "B3": Reason("Covered charges"),
}

_ELIGIBILITY, _AUTHORISATION, _CODING = "eligibility", "authorisation", "coding"
_DOCUMENTATION, _TIMELY, _DUPLICATE = "documentation", "timely_filing", "duplicate"
_NECESSITY, _COORDINATION, _OTHER = "medical_necessity", "coordination", "other"

DENIALS = {
    "4": Reason("Modifier is missing or does not fit the procedure", _CODING),
    "5": Reason("Procedure does not fit the place of service", _CODING),
    "6": Reason("Procedure does not fit the patient's age", _CODING),
    "7": Reason("Procedure does not fit the patient's sex", _CODING),
    "8": Reason("Procedure does not fit the provider's specialty", _CODING),
    "9": Reason("Diagnosis does not fit the patient's age", _CODING),
    "10": Reason("Diagnosis does not fit the patient's sex", _CODING),
    "11": Reason("Diagnosis does not support the procedure", _CODING),
    "12": Reason("Diagnosis does not fit the provider's kind", _CODING),
    "13": Reason("Patient died before the service", _ELIGIBILITY),
    "14": Reason("Birth date is after the service", _ELIGIBILITY),
    "15": Reason("Authorisation is missing or does not fit", _AUTHORISATION),
    "16": Reason("Claim lacks something or has an error: see the remark", _DOCUMENTATION),
    "17": Reason("Information that was asked for did not come", _DOCUMENTATION),
    "18": Reason("Exact duplicate of another claim or line", _DUPLICATE),
    "19": Reason("Injury at work: workers' compensation pays", _COORDINATION),
    "20": Reason("Liability insurance pays", _COORDINATION),
    "21": Reason("No-fault insurance pays", _COORDINATION),
    "22": Reason("Another payer may have to pay first", _COORDINATION),
    "26": Reason("Coverage began after the service", _ELIGIBILITY),
    "27": Reason("Coverage ended before the service", _ELIGIBILITY),
    "29": Reason("Filed too late", _TIMELY),
    "31": Reason("Patient is not known as insured", _ELIGIBILITY),
    "32": Reason("Dependent is not eligible", _ELIGIBILITY),
    "33": Reason("Subscriber has no cover for dependents", _ELIGIBILITY),
    "34": Reason("Subscriber has no cover for newborns", _ELIGIBILITY),
    "35": Reason("Lifetime maximum is reached", _ELIGIBILITY),
    "38": Reason("Not by the network's or the designated provider", _AUTHORISATION),
    "39": Reason("Authorisation was asked for and refused", _AUTHORISATION),
    "40": Reason("Not an emergency by the payer's criteria", _NECESSITY),
    "49": Reason("Routine or screening service is not covered", _ELIGIBILITY),
    "50": Reason("Not medically necessary in the payer's view", _NECESSITY),
    "51": Reason("Condition existed before the coverage", _ELIGIBILITY),
    "53": Reason("Services by a relative are not covered", _ELIGIBILITY),
    "54": Reason("Assistants or several surgeons are not paid here", _CODING),
    "55": Reason("Experimental in the payer's view", _NECESSITY),
    "56": Reason("Not proven effective in the payer's view", _NECESSITY),
    "58": Reason("Place of service was not suitable", _CODING),
    "60": Reason("Outpatient service too close to an inpatient stay", _CODING),
    "61": Reason("A second surgical opinion was not asked for", _AUTHORISATION),
    "62": Reason("Authorisation before the service is missing or exceeded", _AUTHORISATION),
    "78": Reason("Days that are not covered", _ELIGIBILITY),
    "95": Reason("Plan's procedures were not followed", _AUTHORISATION),
    "96": Reason("Not covered: see the remark", _ELIGIBILITY),
    "97": Reason("Included in the payment for another service", _CODING),
    "106": Reason("Patient's payment option is not in effect", _ELIGIBILITY),
    "107": Reason("A service that it belongs to was not billed", _CODING),
    "108": Reason("Rules for rent or purchase were not met", _DOCUMENTATION),
    "109": Reason("Another payer or contractor is responsible", _COORDINATION),
    "110": Reason("Billed before the service was given", _CODING),
    "111": Reason("Not covered unless the provider accepts assignment", _OTHER),
    "112": Reason("Service was not given to the patient or is not shown", _DOCUMENTATION),
    "114": Reason("Product is not approved by the FDA", _NECESSITY),
    "115": Reason("Procedure was put off or cancelled", _CODING),
    "116": Reason("Patient's notice does not meet the rules", _DOCUMENTATION),
    "117": Reason("Transport only to the nearest suitable place", _NECESSITY),
    "119": Reason("Benefit maximum of the period is reached", _ELIGIBILITY),
    "125": Reason("Billing or submission error: see the remark", _DOCUMENTATION),
    "128": Reason("Newborn is covered with the mother", _ELIGIBILITY),
    "129": Reason("An earlier payer's decision does not fit", _COORDINATION),
    "135": Reason("Interim bills are not accepted", _CODING),
    "138": Reason("Appeal was late or formally wrong", _TIMELY),
    "140": Reason("Member number and name do not belong together", _ELIGIBILITY),
    "146": Reason("Diagnosis is not valid for the day of service", _CODING),
    "147": Reason("Negotiated rate has ended", _OTHER),
    "148": Reason("Another provider's information is missing", _DOCUMENTATION),
    "149": Reason("Lifetime maximum of this service is reached", _ELIGIBILITY),
    "150": Reason("Documents do not support this level of service", _NECESSITY),
    "151": Reason("Documents do not support so many services", _NECESSITY),
    "152": Reason("Documents do not support this length of service", _NECESSITY),
    "153": Reason("Documents do not support this dose", _NECESSITY),
    "154": Reason("Documents do not support this day's supply", _NECESSITY),
    "155": Reason("Patient refused the service", _OTHER),
    "157": Reason("Caused by war", _ELIGIBILITY),
    "160": Reason("Injured while doing what the policy excludes", _ELIGIBILITY),
    "163": Reason("Attachment that is referred to did not arrive", _DOCUMENTATION),
    "164": Reason("Attachment did not arrive in time", _DOCUMENTATION),
    "165": Reason("Referral is missing or exceeded", _AUTHORISATION),
    "166": Reason("Filed after the payer stopped administering the plan", _TIMELY),
    "167": Reason("Diagnosis is not covered", _ELIGIBILITY),
    "168": Reason("Belongs to the medical or the dental plan instead", _COORDINATION),
    "170": Reason("Not paid to this kind of provider", _ELIGIBILITY),
    "171": Reason("Not paid to this kind of provider at this kind of place", _ELIGIBILITY),
    "173": Reason("Not ordered by a physician", _DOCUMENTATION),
    "174": Reason("Not ordered before it was given", _DOCUMENTATION),
    "175": Reason("Prescription is incomplete", _DOCUMENTATION),
    "176": Reason("Prescription is not current", _DOCUMENTATION),
    "177": Reason("Patient does not meet the eligibility requirements", _ELIGIBILITY),
    "179": Reason("Waiting time is not over", _ELIGIBILITY),
    "180": Reason("Residency requirements are not met", _ELIGIBILITY),
    "181": Reason("Procedure code was not valid on the day of service", _CODING),
    "182": Reason("Modifier was not valid on the day of service", _CODING),
    "183": Reason("Referring provider may not refer this", _AUTHORISATION),
    "184": Reason("Ordering provider may not order this", _AUTHORISATION),
    "185": Reason("Rendering provider may not perform this", _AUTHORISATION),
    "188": Reason("Covered only when used as the FDA recommends", _NECESSITY),
    "189": Reason("Unspecified code although a specific one exists", _CODING),
    "190": Reason("Included in the stay at a nursing facility", _CODING),
    "193": Reason("Looked at again, and the decision stands", _OTHER),
    "197": Reason("Authorisation or notice before the service is missing", _AUTHORISATION),
    "198": Reason("Authorisation was exceeded", _AUTHORISATION),
    "199": Reason("Revenue code and procedure do not belong together", _CODING),
    "200": Reason("Coverage had lapsed", _ELIGIBILITY),
    "202": Reason("Service for comfort or convenience is not covered", _ELIGIBILITY),
    "203": Reason("Service was stopped or reduced", _OTHER),
    "204": Reason("Not in the patient's benefit plan", _ELIGIBILITY),
    "206": Reason("NPI is missing", _DOCUMENTATION),
    "207": Reason("NPI is not valid", _DOCUMENTATION),
    "208": Reason("NPI is not known to the payer", _DOCUMENTATION),
    "210": Reason("Authorisation came too late", _AUTHORISATION),
    "211": Reason("Drug code (NDC) is not eligible", _CODING),
    "212": Reason("Administrative surcharge is not covered", _OTHER),
    "213": Reason("Self-referral that the law forbids", _OTHER),
    "216": Reason("Decided by a review organisation", _NECESSITY),
    "219": Reason("Depends on how far the injury is covered", _COORDINATION),
    "222": Reason("More than the contracted number of hours, days or units", _ELIGIBILITY),
    "224": Reason("Identity may be misused", _ELIGIBILITY),
    "226": Reason("Provider did not send what was asked for", _DOCUMENTATION),
    "227": Reason("Patient did not send what was asked for", _DOCUMENTATION),
    "228": Reason("Somebody else did not send what was asked for", _DOCUMENTATION),
    "229": Reason("Earlier payer's part is not considered", _COORDINATION),
    "231": Reason("Procedures exclude one another on one day", _CODING),
    "233": Reason("Caused by a condition acquired in hospital", _NECESSITY),
    "234": Reason("Not paid separately", _CODING),
    "236": Reason("Procedures or modifiers do not go together on one day", _CODING),
    "238": Reason("Days of the claim without eligibility", _ELIGIBILITY),
    "239": Reason("Claim spans days with and without eligibility", _ELIGIBILITY),
    "240": Reason("Diagnosis does not fit the birth weight", _CODING),
    "242": Reason("Provider is not in the network", _AUTHORISATION),
    "243": Reason("Not authorised by the primary care provider", _AUTHORISATION),
    "249": Reason("Taken for a readmission", _NECESSITY),
    "250": Reason("Attachment is not the one that was asked for", _DOCUMENTATION),
    "251": Reason("Attachment is incomplete", _DOCUMENTATION),
    "252": Reason("Attachment is needed to decide", _DOCUMENTATION),
    "254": Reason("Belongs to the dental plan; send it to the medical one", _COORDINATION),
    "256": Reason("Not payable under the managed care contract", _ELIGIBILITY),
    "257": Reason("Undecided while premiums are unpaid", _ELIGIBILITY),
    "258": Reason("Not covered while in custody", _ELIGIBILITY),
    "261": Reason("Does not fit the patient's history", _NECESSITY),
    "267": Reason("Claim spans several months", _CODING),
    "268": Reason("Claim spans two calendar years", _CODING),
    "269": Reason("Anaesthesia is not covered for this", _ELIGIBILITY),
    "270": Reason("Belongs to the medical plan; send it to the dental one", _COORDINATION),
    "272": Reason("Coverage guidelines were not met", _NECESSITY),
    "273": Reason("Coverage guidelines were exceeded", _NECESSITY),
    "275": Reason("Earlier payer's patient share is not covered", _COORDINATION),
    "276": Reason("Earlier payer denied it, and so does this one", _COORDINATION),
    "279": Reason("Not by a provider of the preferred network", _AUTHORISATION),
    "282": Reason("Procedure does not fit the type of bill", _CODING),
    "283": Reason("Attending provider may not direct this", _AUTHORISATION),
    "284": Reason("Authorisation does not cover this service", _AUTHORISATION),
    "285": Reason("The way to appeal was not followed", _TIMELY),
    "286": Reason("Appeal limits are not met", _TIMELY),
    "287": Reason("Referral was exceeded", _AUTHORISATION),
    "288": Reason("Referral is missing", _AUTHORISATION),
    "296": Reason("Authorisation does not fit the provider", _AUTHORISATION),
    "299": Reason("Billing provider may not be paid for this", _ELIGIBILITY),
    "A1": Reason("Denied: see the remark", _OTHER),
    "A6": Reason("Earlier hospital stay or transfer requirement is not met", _NECESSITY),
    "A8": Reason("Claim cannot be grouped for payment", _CODING),
    "B1": Reason("Visits that are not covered", _ELIGIBILITY),
    "B4": Reason("Penalty for filing late", _TIMELY),
    "B5": Reason("Coverage guidelines were not met or exceeded", _NECESSITY),
    "B7": Reason("Provider was not certified for this on that day", _ELIGIBILITY),
    "B8": Reason("Another service was available and should have been used", _NECESSITY),
    "B9": Reason("Patient is in hospice", _COORDINATION),
    "B10": Reason("Paid only in part: part of the service was paid elsewhere", _CODING),
    "B11": Reason("Sent on to the right payer", _COORDINATION),
    "B12": Reason("Not documented in the patient's record", _DOCUMENTATION),
    "B13": Reason("Was paid before", _DUPLICATE),
    "B14": Reason("Only one visit a day is paid", _CODING),
    "B15": Reason("A service that it depends on is missing or undecided", _CODING),
    "B16": Reason("Patient is not new to this provider", _CODING),
    "B20": Reason("Another provider was paid for this", _DUPLICATE),
    "B22": Reason("Reduced because of the diagnosis", _CODING),
    "B23": Reason("Laboratory is not certified for this test", _ELIGIBILITY),
}

# Remarks (RARC) that tell what a vague reason such as 16 is about.
CATEGORY_BY_REMARK = {
    "M20": _CODING,  # procedure code
    "M44": _CODING,  # condition code
    "M50": _CODING,  # revenue code
    "M51": _CODING,  # procedure code
    "M53": _CODING,  # units
    "M64": _CODING,  # other diagnosis
    "M76": _CODING,  # diagnosis
    "M77": _CODING,  # place of service
    "M81": _CODING,  # diagnosis not specific enough
    "MA63": _CODING,  # principal diagnosis
    "N56": _CODING,  # procedure code not right for the day or the service
    "N519": _CODING,  # modifiers that exclude one another
    "M62": _AUTHORISATION,  # treatment authorisation code
    "N54": _AUTHORISATION,  # does not fit the authorisation
    "MA04": _COORDINATION,  # earlier payer's decision
    "MA92": _COORDINATION,  # other insurance's plan
    "N4": _COORDINATION,  # earlier payer's explanation of benefits
    "N382": _ELIGIBILITY,  # patient's identifier
    "MA61": _ELIGIBILITY,  # identity number
    "MA36": _ELIGIBILITY,  # patient's name
    "N30": _ELIGIBILITY,  # patient is not eligible
    "N115": _NECESSITY,  # local coverage determination
    "N386": _NECESSITY,  # national coverage determination
    "M25": _NECESSITY,  # level of service
    "N522": _DUPLICATE,  # duplicate in another's hands
}

# What people write instead of a code, in capitals; the first that is found counts.
PHRASES = (
    (r"TIMELY|PAST (THE )?FILING|FILING (LIMIT|DEADLINE)|FILED (TOO )?LATE|LATE FILING|DEADLINE", _TIMELY),
    (
        r"DUPLICATE|\bDUPE?\b|ALREADY (PAID|PROCESSED|ADJUDICATED|SUBMITTED)|PREVIOUSLY (PAID|PROCESSED)",
        _DUPLICATE,
    ),
    (
        r"\bAUTH\b|AUTHORI[SZ]|PRE-?CERT|PRE-?APPROVAL|PRIOR APPROVAL|REFERRAL|OUT[- ]OF[- ]NETWORK",
        _AUTHORISATION,
    ),
    (
        (
            r"\bCOB\b|COORDINATION|OTHER (INSURANCE|PAY[EO]R|COVERAGE)|PRIMARY (PAY[EO]R|INSURANCE)|SECONDARY"
            r"|WORKERS.? COMP|AUTO INSURANCE|THIRD[- ]PARTY|\bMSP\b"
        ),
        _COORDINATION,
    ),
    (
        r"MEDICAL(LY)? (NECESS|UNNECESS)|NOT (MEDICALLY )?NECESSARY|NECESSITY|EXPERIMENTAL|INVESTIGATIONAL",
        _NECESSITY,
    ),
    (
        (
            r"ELIGIB|COVERAGE|NOT COVERED|NON-?COVERED|UNCOVERED|\bINACTIVE\b|TERMINATED|LAPSED|EXPIRED"
            r"|MEMBER (NOT FOUND|ID|UNKNOWN)|SUBSCRIBER|NOT (INSURED|ENROLLED)|BENEFIT|MAXIMUM"
            r"|PRE-?EXISTING|EXCLUSION"
        ),
        _ELIGIBILITY,
    ),
    (
        (
            r"BUNDL|\bNCCI\b|\bCCI\b|MODIFIER|CODING|\bCODED?\b|\bCPT\b|\bICD|HCPCS|DIAGNOSIS|EXCLUSIVE"
            r"|INCLUSIVE|INCLUDED IN|GLOBAL PERIOD|PLACE OF SERVICE|UPCOD"
        ),
        _CODING,
    ),
    (
        (
            r"DOCUMENT|RECORDS?\b|\bNOTES?\b|MISSING|INCOMPLETE|ATTACHMENT|ADDITIONAL INFO|MORE INFO"
            r"|INFORMATION|SIGNATURE|INVALID|LACKS"
        ),
        _DOCUMENTATION,
    ),
)
