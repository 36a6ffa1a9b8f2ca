with reviews as (
    select
        claim_id,
        case
            when bool_or(action = 'reject_claim') then 'rejected'
            when bool_or(action = 'set_field') then 'corrected'
            else 'confirmed'
        end as review,
        map_from_entries(
            list({'field': field, 'value': coalesce(value, '')}) filter (where action = 'set_field')
        ) as by_field
    from {{ ref('int_corrections') }}
    where action in ('reject_claim', 'confirm_claim', 'set_field') and claim_id is not null
    group by claim_id
),

reviewed as (
    select
        claim.* replace (
            {% for field, type in var('correctable').items() %}
            case
                when reviews.by_field['{{ field }}'] is null then claim.{{ field }}
                else cast(nullif(reviews.by_field['{{ field }}'], '') as {{ type }})
            end as {{ field }}{{ '' if loop.last else ',' }}
            {% endfor %}
        ),
        reviews.review
    from {{ ref('stg_transfer_claims') }} as claim
    left join reviews using (claim_id)
)

select
    claim.claim_id,
    claim.document_id,
    document.source_uri,
    document.published_on,
    claim.supplier_id,
    claim.recipient_id,
    claim.intermediary_ids,
    claim.origin_id,
    claim.materiel,
    claim.weapon,
    claim.category,
    claim.quantity_low,
    claim.quantity_high,
    claim.quantity_unit,
    claim.value_amount,
    claim.value_currency,
    claim.status,
    claim.factuality,
    claim.basis,
    claim.date_start,
    claim.date_end,
    claim.date_precision,
    claim.date_text,
    claim.attribution,
    claim.evidence,
    claim.evidence_start,
    claim.evidence_end,
    claim.evidence_marks,
    claim.approved_by_id,
    claim.confidence,
    claim.review
from reviewed as claim
inner join {{ ref('int_representatives') }} as document using (extraction_key)
