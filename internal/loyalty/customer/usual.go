package customer

// Usual are attributes that many chains keep, ready to be switched on.
func Usual() []Definition {
	named := func(ru, uz, en string) Names { return Names{"ru": ru, "uz": uz, "en": en} }
	return []Definition{
		{Code: "income", Format: OneFormat, Names: named("Доход семьи", "Oila daromadi", "Household income"), Personal: true, Choices: []Choice{
			{"low", named("Ниже среднего", "Oʻrtachadan past", "Below average")}, {"middle", named("Средний", "Oʻrtacha", "Average")}, {"high", named("Выше среднего", "Oʻrtachadan yuqori", "Above average")},
		}},
		{Code: "interests", Format: SeveralFormat, Names: named("Интересы", "Qiziqishlari", "Interests"), Tills: TillsSet, Choices: []Choice{
			{"cooking", named("Кулинария", "Pazandachilik", "Cooking")}, {"sport", named("Спорт", "Sport", "Sport")}, {"children", named("Дети", "Bolalar", "Children")},
			{"garden", named("Дача и сад", "Bogʻ", "Garden")}, {"beauty", named("Красота", "Goʻzallik", "Beauty")}, {"travel", named("Путешествия", "Sayohat", "Travel")},
		}},
		{Code: "children", Format: NumberFormat, Names: named("Сколько детей", "Nechta bolasi bor", "Children"), Personal: true, Tills: TillsSet},
		{Code: "clothes_size", Format: TextFormat, Names: named("Размер одежды", "Kiyim oʻlchami", "Clothes size"), Tills: TillsSet},
		{Code: "shoe_size", Format: NumberFormat, Names: named("Размер обуви", "Poyabzal oʻlchami", "Shoe size"), Tills: TillsSet},
		{Code: "social", Format: TextFormat, Names: named("Профиль в соцсети", "Ijtimoiy tarmoqdagi sahifasi", "Social profile"), Personal: true},
		{Code: "acquired_by", Format: OneFormat, Names: named("Откуда узнал", "Qayerdan bilgan", "How they came"), Tills: TillsSet, Choices: []Choice{
			{"friends", named("От знакомых", "Tanishlardan", "From friends")}, {"advert", named("Реклама", "Reklama", "Advertising")}, {"social", named("Соцсети", "Ijtimoiy tarmoqlar", "Social networks")},
			{"nearby", named("Живёт рядом", "Yaqin yashaydi", "Lives nearby")}, {"other", named("Другое", "Boshqa", "Other")},
		}},
	}
}
