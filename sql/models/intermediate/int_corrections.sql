with claims as (
    select
        claim.*,
        document.source_uri
    from {{ ref('stg_transfer_claims') }} as claim
    inner join {{ ref('int_representatives') }} as document using (extraction_key)
),

set_values as (
    select
        claim_id,
        map_from_entries(list({'field': field, 'value': coalesce(value, '')})) as by_field
    from {{ ref('stg_corrections') }}
    where action = 'set_field'
    group by claim_id
),

-- Claims that have another id by now.
lost as (
    select
        correction.*,
        set_values.by_field
    from {{ ref('stg_corrections') }} as correction
    anti join claims using (claim_id)
    left join set_values using (claim_id)
),

places as (
    select
        lost.correction_id,
        claims.claim_id
    from lost
    inner join claims using (document_id)
    union
    select
        lost.correction_id,
        claims.claim_id
    from lost
    inner join claims using (source_uri)
),

-- The same words that tell of the same. A field that a line sets may have its new value already: it is no other claim.
candidates as (
    select
        lost.correction_id,
        claims.claim_id,
        rank() over (
            partition by lost.correction_id
            order by
                claims.document_id = lost.document_id desc nulls last,
                claims.evidence = lost.evidence desc,
                claims.materiel = lost.materiel desc nulls last
        ) as place
    from places
    inner join lost using (correction_id)
    inner join claims on places.claim_id = claims.claim_id
    where
        (contains(claims.evidence, lost.evidence) or contains(lost.evidence, claims.evidence))
        -- A weapon says what the item is; without one, its words must.
        and (
            claims.weapon is not null
            or lost.materiel is null
            or contains(claims.materiel, lost.materiel)
            or contains(lost.materiel, claims.materiel)
        )
        {% for field in ['supplier_id', 'recipient_id', 'weapon', 'category', 'status', 'factuality'] %}
        and (
            claims.{{ field }} is not distinct from lost.{{ field }}
            or coalesce(lost.by_field['{{ field }}'] = coalesce(claims.{{ field }}, ''), false)
        )
        {% endfor %}
),

found as (
    select
        correction_id,
        min(claim_id) as claim_id,
        count(*) as n_claims
    from candidates
    where place = 1
    group by correction_id
),

unknown_actors as (
    select
        correction_id,
        min(actor_id) as actor_id
    from (
        select
            correction_id,
            unnest(string_split(value, ';')) as actor_id
        from {{ ref('stg_corrections') }}
        where field in ('supplier_id', 'recipient_id', 'intermediary_ids', 'origin_id', 'approved_by_id')
    )
    anti join {{ ref('int_actor_profiles') }} using (actor_id)
    group by correction_id
),

resolved as (
    select
        correction.correction_id,
        correction.line,
        correction.action,
        case
            when known.claim_id is not null then known.claim_id
            when found.n_claims = 1 then found.claim_id
        end as claim_id,
        correction.claim_id as decided_claim_id,
        correction.field,
        correction.value,
        correction.transfer_label,
        correction.decided_by,
        correction.decided_at,
        correction.reason,
        found.n_claims,
        unknown_actors.actor_id as unknown_actor_id,
        case correction.action
            when 'set_field' then 'field ' || correction.field
            when 'merge_transfers' then 'merge ' || correction.transfer_label
            when 'split_claims' then 'split'
            else 'verdict'
        end as subject
    from {{ ref('stg_corrections') }} as correction
    left join (select claim_id from claims) as known using (claim_id)
    left join found using (correction_id)
    left join unknown_actors using (correction_id)
)

select
    resolved.correction_id,
    resolved.line,
    resolved.action,
    resolved.claim_id,
    resolved.decided_claim_id,
    resolved.field,
    resolved.value,
    case resolved.field
        {% for field in var('correctable') %}
        when '{{ field }}' then cast(claims.{{ field }} as varchar)
        {% endfor %}
    end as original_value,
    resolved.transfer_label,
    resolved.decided_by,
    resolved.decided_at,
    resolved.reason,
    'corrections, line ' || resolved.line || ', ' || resolved.action || ' of claim ' || resolved.decided_claim_id || ': '
    || case
        when resolved.claim_id is null and resolved.n_claims > 1
            then 'the claim is gone, and several say the same in the same words; put the claim_id of the right one'
        when resolved.claim_id is null
            then 'the claim is gone, and none says the same in the same words; put the claim_id of today or delete the line'
        when count(*) over (partition by resolved.claim_id, resolved.subject) > 1
            then 'another line decides the same of this claim, which had another id then; delete one of the two'
        when
            resolved.subject != 'verdict'
            and bool_or(resolved.action = 'reject_claim') over (partition by resolved.claim_id)
            then 'another line rejects this claim, which had another id then; delete one of the two'
        when resolved.unknown_actor_id is not null
            then 'no actor has the id ' || resolved.unknown_actor_id || '; correct it or add it to seeds/actors.csv'
    end as problem
from resolved
left join claims on resolved.claim_id = claims.claim_id
