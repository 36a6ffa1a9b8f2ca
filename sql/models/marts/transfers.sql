with basis as (
    select * from {{ ref('int_transfer_members') }} where is_basis
),

counts as (
    select
        transfer_id,
        category,
        weapon,
        -- The same for all claims of a transfer, but for those that leave a party out.
        max(supplier_party) as supplier_party_id,
        max(recipient_party) as recipient_party_id,
        count(*) as n_claims,
        count(distinct independent_source) filter (where is_basis) as n_sources,
        count(distinct publisher_id) as n_outlets,
        count(*) filter (where stance = 'denies') as n_denials,
        string_agg(distinct told_by, ';' order by told_by) filter (where stance = 'denies') as denied_by,
        count(distinct document_id) as n_documents,
        min(published_on) as first_reported_on,
        max(published_on) as last_reported_on,
        max(confidence) as confidence,
        max(claim_id) filter (where is_anchor) as first_claim_id,
        count(distinct independent_source) filter (where factuality in ('CT+', 'PR+')) as n_sure_sources,
        count(*) filter (where stance = 'asserts') as n_assertions,
        bool_or(is_admission and factuality = 'CT+') as is_admitted
    from {{ ref('int_transfer_members') }}
    group by transfer_id, category, weapon
),

suppliers as (
    select
        transfer_id,
        supplier_shown as supplier_id
    from {{ ref('int_transfer_members') }}
    group by transfer_id, supplier_shown
    qualify row_number() over (
        partition by transfer_id
        -- A transfer of which no claim tells the supplier has none.
        order by supplier_shown is null, count(*) desc, supplier_shown
    ) = 1
),

recipients as (
    select
        transfer_id,
        recipient_shown as recipient_id
    from {{ ref('int_transfer_members') }}
    group by transfer_id, recipient_shown
    qualify row_number() over (
        partition by transfer_id
        order by recipient_shown is null, count(*) desc, recipient_shown
    ) = 1
),

progress as (
    select
        transfer_id,
        case
            when max(step) = 8 then 'delivered'
            when
                max(reported_on) filter (where stop is not null)
                >= coalesce(max(reported_on) filter (where step is not null), date '0001-01-01')
                then arg_max(status, {'on': reported_on, 'stop': stop}) filter (where stop is not null)
            else arg_max(status, step)
        end as status
    from basis
    group by transfer_id
),

certainty as (
    select
        basis.transfer_id,
        basis.status,
        arg_min(basis.factuality, basis.doubt) as factuality,
        arg_min(basis.claim_id, {'doubt': basis.doubt, 'on': basis.reported_on, 'claim': basis.claim_id})
            as status_claim_id
    from basis
    semi join progress using (transfer_id, status)
    group by basis.transfer_id, basis.status
),

steps as (
    select
        transfer_id,
        status,
        min(published_on) as told_on,
        min(coalesce(step, 8 + stop)) as place
    from basis
    group by transfer_id, status
),

histories as (
    select
        transfer_id,
        array_to_string(
            list_transform(
                list_sort(
                    list(
                        {
                            'on': coalesce(told_on, date '9999-12-31'),
                            'place': place,
                            'text': concat_ws(' ', status, told_on)
                        }
                    )
                ),
                lambda told: told.text
            ),
            ';'
        ) as status_history
    from steps
    group by transfer_id
),

wordings as (
    select
        transfer_id,
        materiel
    from basis
    group by transfer_id, materiel
    qualify row_number() over (
        partition by transfer_id
        order by count(*) desc, length(materiel), materiel
    ) = 1
),

extents as (
    select
        transfer_id,
        -- Open ends stay open, and a bound of one claim never cuts off what another one says.
        case when count(date_start) > 0 then least(min(date_start), min(date_end)) end as date_start,
        case when count(date_end) > 0 then greatest(max(date_end), max(date_start)) end as date_end,
        case when count(distinct origin_id) = 1 then min(origin_id) end as origin_id,
        case when count(distinct approved_by_id) = 1 then min(approved_by_id) end as approved_by_id
    from basis
    group by transfer_id
),

intermediaries as (
    select
        transfer_id,
        string_agg(distinct intermediary_id, ';' order by intermediary_id) as intermediary_ids
    from (
        select
            transfer_id,
            unnest(string_split(intermediary_ids, ';')) as intermediary_id
        from basis
        where intermediary_ids is not null
    )
    where intermediary_id != ''
    group by transfer_id
),

quantities as (
    select
        transfer_id,
        quantity_unit,
        case when count(quantity_low) > 0 then least(min(quantity_low), min(quantity_high)) end as quantity_low,
        case when count(quantity_high) > 0 then greatest(max(quantity_high), max(quantity_low)) end as quantity_high,
        case
            when count(quantity_low) > 0
                then min({'n': coalesce(quantity_low, quantity_high), 'claim': claim_id}).claim
        end as quantity_low_claim_id,
        case
            when count(quantity_high) > 0
                then max({'n': coalesce(quantity_high, quantity_low), 'claim': claim_id}).claim
        end as quantity_high_claim_id
    from basis
    where coalesce(quantity_low, quantity_high) is not null
    group by transfer_id, quantity_unit
    qualify row_number() over (
        partition by transfer_id
        order by count(*) desc, quantity_unit nulls last
    ) = 1
),

amounts as (
    select
        transfer_id,
        value_currency,
        max(value_amount) as value_amount
    from basis
    where value_amount is not null
    group by transfer_id, value_currency
    qualify row_number() over (
        partition by transfer_id
        order by count(*) desc, value_currency nulls last
    ) = 1
)

select
    counts.transfer_id,
    suppliers.supplier_id,
    recipients.recipient_id,
    counts.category,
    counts.weapon,
    certainty.status,
    quantities.quantity_low,
    quantities.quantity_high,
    quantities.quantity_unit,
    extents.date_start,
    extents.date_end,
    counts.n_claims,
    counts.n_sources,
    counts.n_denials,
    counts.first_reported_on,
    counts.last_reported_on,
    certainty.factuality,
    wordings.materiel,
    intermediaries.intermediary_ids,
    extents.origin_id,
    extents.approved_by_id,
    amounts.value_amount,
    amounts.value_currency,
    counts.n_documents,
    counts.confidence,
    counts.supplier_party_id,
    counts.recipient_party_id,
    case
        when counts.n_assertions = 0 then case when counts.n_claims = counts.n_denials then 'denied' else 'supposed' end
        when counts.is_admitted then 'confirmed'
        when counts.n_denials > 0 then 'disputed'
        when counts.n_sure_sources > 1 then 'corroborated'
        when counts.n_sure_sources = 1 then 'single_source'
        else 'uncertain'
    end as corroboration,
    histories.status_history,
    certainty.status_claim_id,
    quantities.quantity_low_claim_id,
    quantities.quantity_high_claim_id,
    counts.first_claim_id,
    counts.n_outlets,
    counts.denied_by,
    year(coalesce(extents.date_start, extents.date_end, counts.first_reported_on)) as year
from counts
inner join suppliers using (transfer_id)
inner join recipients using (transfer_id)
inner join certainty using (transfer_id)
inner join histories using (transfer_id)
inner join extents using (transfer_id)
inner join wordings using (transfer_id)
left join intermediaries using (transfer_id)
left join quantities using (transfer_id)
left join amounts using (transfer_id)
