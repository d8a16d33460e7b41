package attribute

import "regulars/internal/loyalty/customer"

// Usual are attributes that many chains keep, ready to be switched on; name gives what
// each of them and each of their choices is called in a language.
func Usual(name func(language, key string) string) []Definition {
	named := func(key string) Names {
		n := Names{}
		for _, in := range customer.Languages {
			n[in] = name(in, key)
		}
		return n
	}
	return []Definition{
		{Code: "income", Format: OneFormat, Names: named("income"), Personal: true, Choices: []Choice{
			{"low", named("income_low")}, {"middle", named("income_middle")}, {"high", named("income_high")},
		}},
		{Code: "interests", Format: SeveralFormat, Names: named("interests"), Tills: TillsSet, Choices: []Choice{
			{"cooking", named("interests_cooking")}, {"sport", named("interests_sport")}, {"children", named("interests_children")},
			{"garden", named("interests_garden")}, {"beauty", named("interests_beauty")}, {"travel", named("interests_travel")},
		}},
		{Code: "children", Format: NumberFormat, Names: named("children"), Personal: true, Tills: TillsSet},
		{Code: "clothes_size", Format: TextFormat, Names: named("clothes_size"), Tills: TillsSet},
		{Code: "shoe_size", Format: NumberFormat, Names: named("shoe_size"), Tills: TillsSet},
		{Code: "social", Format: TextFormat, Names: named("social"), Personal: true},
		{Code: "acquired_by", Format: OneFormat, Names: named("acquired_by"), Tills: TillsSet, Choices: []Choice{
			{"friends", named("acquired_by_friends")}, {"advert", named("acquired_by_advert")}, {"social", named("acquired_by_social")},
			{"nearby", named("acquired_by_nearby")}, {"other", named("acquired_by_other")},
		}},
	}
}
